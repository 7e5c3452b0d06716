package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// decoders has one entry for every type of event.
var decoders = map[string]func([]byte) (Event, error){
	Genesis{}.Name():             decodeAs[Genesis],
	CeremonyBegin{}.Name():       decodeAs[CeremonyBegin],
	ClockConfirmed{}.Name():      decodeAs[ClockConfirmed],
	HeadCompared{}.Name():        decodeAs[HeadCompared],
	EnvironmentClaimed{}.Name():  decodeAs[EnvironmentClaimed],
	IntentInitRoot{}.Name():      decodeAs[IntentInitRoot],
	IntentSignCSR{}.Name():       decodeAs[IntentSignCSR],
	IntentIssueCRL{}.Name():      decodeAs[IntentIssueCRL],
	IntentMigrateDisc{}.Name():   decodeAs[IntentMigrateDisc],
	DiscMigrated{}.Name():        decodeAs[DiscMigrated],
	IntentKeyBackup{}.Name():     decodeAs[IntentKeyBackup],
	IntentRekeyShares{}.Name():   decodeAs[IntentRekeyShares],
	IntentUpdateHSM{}.Name():     decodeAs[IntentUpdateHSM],
	IntentRetireHSM{}.Name():     decodeAs[IntentRetireHSM],
	IntentAbandoned{}.Name():     decodeAs[IntentAbandoned],
	SharesCommitted{}.Name():     decodeAs[SharesCommitted],
	HSMBootstrapped{}.Name():     decodeAs[HSMBootstrapped],
	HSMLogin{}.Name():            decodeAs[HSMLogin],
	HSMLog{}.Name():              decodeAs[HSMLog],
	KeyGenerated{}.Name():        decodeAs[KeyGenerated],
	KeyAttested{}.Name():         decodeAs[KeyAttested],
	KeyCopied{}.Name():           decodeAs[KeyCopied],
	HSMRetired{}.Name():          decodeAs[HSMRetired],
	CertificateIssued{}.Name():   decodeAs[CertificateIssued],
	CRLIssued{}.Name():           decodeAs[CRLIssued],
	FingerprintCompared{}.Name(): decodeAs[FingerprintCompared],
	SessionVerified{}.Name():     decodeAs[SessionVerified],
	SessionVoid{}.Name():         decodeAs[SessionVoid],
	ExportDone{}.Name():          decodeAs[ExportDone],
	ExportFailed{}.Name():        decodeAs[ExportFailed],
	DiscLeft{}.Name():            decodeAs[DiscLeft],
	CeremonyEnd{}.Name():         decodeAs[CeremonyEnd],
	RecordMade{}.Name():          decodeAs[RecordMade],
	SessionClose{}.Name():        decodeAs[SessionClose],
}

// decodeEvent reads the data of the event called name. Missing and repeated
// members, and other spellings of their names, are found afterwards, by the
// comparison with the event's own encoding.
func decodeEvent(name string, data []byte) (Event, error) {
	decode, ok := decoders[name]
	if !ok {
		return nil, fmt.Errorf("unknown event %.80q: the log was written by a newer program, or damaged", name)
	}
	e, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}

func decodeAs[T Event](data []byte) (Event, error) {
	var e T
	if err := unmarshalStrict(data, &e); err != nil {
		return nil, err
	}
	return e, checkEvent(e)
}

// unmarshalStrict decodes one JSON value with nothing after it.
func unmarshalStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("nothing there")
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}
