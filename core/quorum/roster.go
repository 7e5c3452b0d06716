package quorum

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"math"

	"github.com/hashicorp/vault/shamir"

	"anodize/core/secret"
)

var (
	// ErrRoster is returned for a roster that Split could not have made.
	ErrRoster = errors.New("invalid roster of custodians")
	// ErrOtherSet is returned for a share of another archive's PIN.
	ErrOtherSet = errors.New("share of another set")
	// ErrOlderGeneration is returned for a share that a later one has replaced.
	ErrOlderGeneration = errors.New("share of an older generation")
	// ErrNewerGeneration is returned for a share made after this roster.
	ErrNewerGeneration = errors.New("share of a newer generation")
	// ErrOtherThreshold is returned for a share with another threshold than
	// its set has on record.
	ErrOtherThreshold = errors.New("share with another threshold")
	// ErrUnknownShare is returned for a share that no custodian was given.
	ErrUnknownShare = errors.New("share of no custodian")
	// ErrCommitment is returned for a share that differs from the one its
	// custodian was given.
	ErrCommitment = errors.New("share differs from the one on record")
	// ErrTooFew is returned when more shares are needed.
	ErrTooFew = errors.New("too few shares")
	// ErrSameShare is returned when one share was given twice.
	ErrSameShare = errors.New("the same share twice")
	// ErrWrongPIN is returned when sound shares give a PIN other than the one
	// on record.
	ErrWrongPIN = errors.New("the shares do not give the PIN on record")
)

// A Member is one custodian of a roster.
type Member struct {
	Name       string
	X          byte     // 1 to 255, distinct in a roster
	Commitment [32]byte // see the package comment
}

// A Roster is the public record of a split: who holds a share of what. It has
// no secret; the total number of shares is len(Members).
type Roster struct {
	Set        uint16 // 15 bits
	Generation int    // counts up with every split; 0 to 2³¹−1
	Threshold  int
	Members    []Member
	PINVerify  [32]byte
}

// Split splits pin by policy among the custodians named, in their order: share i
// is names[i]'s. The shares are the caller's to wipe; so is pin. Errors wrap
// ErrPolicy, ErrName, ErrPIN or ErrRoster.
func Split(pin *secret.Bytes, set uint16, generation int, policy Policy, names []string) ([]*Share, Roster, error) {
	if err := checkSplit(pin, set, generation, policy, names); err != nil {
		return nil, Roster{}, fmt.Errorf("splitting the PIN: %w", err)
	}
	raw, err := shamir.Split(pin.Expose(), policy.Total, policy.Threshold)
	if err != nil {
		return nil, Roster{}, fmt.Errorf("splitting the PIN: %w", err)
	}
	roster := Roster{Set: set, Generation: generation, Threshold: policy.Threshold, PINVerify: PINVerify(set, generation, pin)}
	shares := make([]*Share, len(raw))
	for i, part := range raw {
		shares[i] = &Share{
			set:        set,
			generation: byte(generation % (1 << generationBits)),
			threshold:  policy.Threshold,
			x:          part[PINSize],
			y:          secret.Own(part[:PINSize:PINSize]),
		}
		roster.Members = append(roster.Members, Member{names[i], shares[i].x, shares[i].commitment(names[i])})
	}
	return shares, roster, nil
}

func checkSplit(pin *secret.Bytes, set uint16, generation int, policy Policy, names []string) error {
	if pin.Len() != PINSize {
		return fmt.Errorf("%w: %d bytes, want %d", ErrPIN, pin.Len(), PINSize)
	}
	if err := checkNumbers(set, generation); err != nil {
		return err
	}
	if err := policy.Validate(); err != nil {
		return err
	}
	if len(names) != policy.Total {
		return fmt.Errorf("%w: %d names for %d custodians", ErrName, len(names), policy.Total)
	}
	return CheckNames(names)
}

func checkNumbers(set uint16, generation int) error {
	if set > maxSet {
		return fmt.Errorf("%w: set %d is above %d", ErrRoster, set, maxSet)
	}
	if generation < 0 || generation > math.MaxInt32 {
		return fmt.Errorf("%w: generation %d", ErrRoster, generation)
	}
	return nil
}

// Validate reports by an error that wraps ErrRoster whether the roster, read
// from a record, is one that Split could have made.
func (r Roster) Validate() error {
	if err := checkNumbers(r.Set, r.Generation); err != nil {
		return err
	}
	if err := (Policy{r.Threshold, len(r.Members)}).Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrRoster, err)
	}
	names := make([]string, len(r.Members))
	var seen [256]bool
	for i, m := range r.Members {
		if m.X == 0 || seen[m.X] {
			return fmt.Errorf("%w: coordinate %d of custodian %d is zero or not the only one", ErrRoster, m.X, i+1)
		}
		seen[m.X] = true
		names[i] = m.Name
	}
	if err := CheckNames(names); err != nil {
		return fmt.Errorf("%w: %w", ErrRoster, err)
	}
	return nil
}

// Check returns the index in Members of the custodian whose share s is. It
// returns an error that wraps ErrRoster, ErrOtherSet, ErrOlderGeneration,
// ErrNewerGeneration, ErrOtherThreshold, ErrUnknownShare or ErrCommitment if s
// is not exactly the share that one of them was given.
func (r Roster) Check(s *Share) (member int, err error) {
	if err := r.Validate(); err != nil {
		return -1, fmt.Errorf("checking a share: %w", err)
	}
	if err := r.checkHeader(s); err != nil {
		return -1, fmt.Errorf("checking a share: %w", err)
	}
	for i, m := range r.Members {
		if m.X != s.x {
			continue
		}
		got := s.commitment(m.Name)
		if subtle.ConstantTimeCompare(got[:], m.Commitment[:]) != 1 {
			return -1, fmt.Errorf("checking a share: %w: it bears the mark of %s's; compare it with the paper, or ask who wrote it", ErrCommitment, m.Name)
		}
		return i, nil
	}
	return -1, fmt.Errorf("checking a share: %w: coordinate %d is not on the roster; ask where the paper comes from", ErrUnknownShare, s.x)
}

func (r Roster) checkHeader(s *Share) error {
	if s == nil || s.y.Len() != PINSize {
		return fmt.Errorf("%w: it has been wiped; enter it again", ErrUnknownShare)
	}
	if s.set != r.Set {
		return fmt.Errorf("%w: set %04X, this archive's is %04X; bring this archive's shares", ErrOtherSet, s.set, r.Set)
	}
	// Generations are told apart modulo 32; the nearer way round is meant.
	const span = 1 << generationBits
	switch ahead := (int(s.generation) - r.Generation%span + span) % span; {
	case ahead >= span/2:
		return fmt.Errorf("%w: %d generations before %d; bring the newer paper", ErrOlderGeneration, span-ahead, r.Generation)
	case ahead > 0:
		return fmt.Errorf("%w: %d generations after %d; bring the newest disc", ErrNewerGeneration, ahead, r.Generation)
	}
	if s.threshold != r.Threshold {
		return fmt.Errorf("%w: %d, on record is %d", ErrOtherThreshold, s.threshold, r.Threshold)
	}
	return nil
}

// Combine gives back the PIN from at least Threshold shares. Each is checked
// against its commitment before it is used, and the PIN against PINVerify after.
// Errors wrap those of Check, ErrTooFew, ErrSameShare or ErrWrongPIN.
func (r Roster) Combine(shares []*Share) (*secret.Bytes, error) {
	if err := r.checkAll(shares); err != nil {
		return nil, fmt.Errorf("recombining the PIN: %w", err)
	}
	if len(shares) < r.Threshold {
		return nil, fmt.Errorf("recombining the PIN: %w: %d of %d; enter %d more",
			ErrTooFew, len(shares), r.Threshold, r.Threshold-len(shares))
	}
	parts := rawParts(shares)
	defer wipeParts(parts)
	pin, err := r.combine(parts)
	if err != nil {
		return nil, fmt.Errorf("recombining the PIN: %w", err)
	}
	return pin, nil
}

// checkAll checks each share, and that no two belong to one custodian.
func (r Roster) checkAll(shares []*Share) error {
	var seen [maxMembers]bool
	for _, s := range shares {
		member, err := r.Check(s)
		if err != nil {
			return err
		}
		if seen[member] {
			return fmt.Errorf("%w: %s's; ask another custodian", ErrSameShare, r.Members[member].Name)
		}
		seen[member] = true
	}
	return nil
}

// combine interpolates parts, which must be distinct and at least Threshold.
func (r Roster) combine(parts [][]byte) (*secret.Bytes, error) {
	raw, err := shamir.Combine(parts)
	if err != nil {
		return nil, err
	}
	pin := secret.Own(raw)
	got := PINVerify(r.Set, r.Generation, pin)
	if subtle.ConstantTimeCompare(got[:], r.PINVerify[:]) != 1 {
		pin.Wipe()
		return nil, fmt.Errorf("%w; the roster and the shares are of different splits", ErrWrongPIN)
	}
	return pin, nil
}

// VerifyEverySubset takes all the shares of the roster, in any order, and
// recombines the PIN from every subset of Threshold of them: whoever comes, the
// PIN can be had. Errors are those of Combine; ErrTooFew when one is missing.
func (r Roster) VerifyEverySubset(shares []*Share) error {
	if err := r.checkAll(shares); err != nil {
		return fmt.Errorf("trying every quorum: %w", err)
	}
	if len(shares) != len(r.Members) {
		return fmt.Errorf("trying every quorum: %w: %d of all %d", ErrTooFew, len(shares), len(r.Members))
	}
	parts := rawParts(shares)
	defer wipeParts(parts)
	chosen := make([][]byte, r.Threshold)
	return r.verifySubsets(parts, chosen, 0)
}

// verifySubsets fills chosen from its index at on with every choice of parts.
func (r Roster) verifySubsets(parts, chosen [][]byte, at int) error {
	if at == len(chosen) {
		pin, err := r.combine(chosen)
		if err != nil {
			return fmt.Errorf("trying every quorum: %w", err)
		}
		pin.Wipe()
		return nil
	}
	for i := 0; len(parts)-i >= len(chosen)-at; i++ {
		chosen[at] = parts[i]
		if err := r.verifySubsets(parts[i+1:], chosen, at+1); err != nil {
			return err
		}
	}
	return nil
}

// rawParts copies the shares into the form of package shamir.
func rawParts(shares []*Share) [][]byte {
	parts := make([][]byte, len(shares))
	for i, s := range shares {
		parts[i] = append(append(make([]byte, 0, PINSize+1), s.y.Expose()...), s.x)
	}
	return parts
}

func wipeParts(parts [][]byte) {
	for _, p := range parts {
		secret.Wipe(p)
	}
}
