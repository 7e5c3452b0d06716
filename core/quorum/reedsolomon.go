package quorum

// fieldPolynomial is α¹⁰+α³+1, primitive over GF(2).
const fieldPolynomial = 1<<10 | 1<<3 | 1

// fieldOrder is the order of α: every element but zero is a power of it.
const fieldOrder = listSize - 1

// powers[i] is αⁱ, for i to twice the order so that two logarithms can be added
// without reduction; logs is its inverse, meaningless at zero.
var powers, logs = fieldTables()

func fieldTables() (powers [2 * fieldOrder]uint16, logs [listSize]uint16) {
	x := 1
	for i := range fieldOrder {
		powers[i], powers[i+fieldOrder] = uint16(x), uint16(x)
		logs[x] = uint16(i)
		if x <<= 1; x >= listSize {
			x ^= fieldPolynomial
		}
	}
	return powers, logs
}

func fieldMul(a, b uint16) uint16 {
	if a == 0 || b == 0 {
		return 0
	}
	return powers[logs[a]+logs[b]]
}

// generator holds the coefficients of g(z) = (z−α)(z−α²)(z−α³)(z−α⁴) below the
// leading one, highest power first.
var generator = generatorCoefficients()

func generatorCoefficients() [checkWords]uint16 {
	g := [checkWords + 1]uint16{1} // highest power first; grows from degree 0
	for root := 1; root <= checkWords; root++ {
		for i := root; i > 0; i-- {
			g[i] ^= fieldMul(g[i-1], powers[root])
		}
	}
	return [checkWords]uint16(g[1:])
}

// setCheckWords computes the last four words from the first 29.
func setCheckWords(w *[Words]uint16) {
	var remainder [checkWords]uint16
	for _, word := range w[:dataWords] {
		lead := word ^ remainder[0]
		copy(remainder[:], remainder[1:])
		remainder[checkWords-1] = 0
		for i, g := range generator {
			remainder[i] ^= fieldMul(lead, g)
		}
	}
	copy(w[dataWords:], remainder[:])
	clear(remainder[:])
}

// checkCode reports whether w is a code word; if it is not, suspect is the index
// of the one word whose change would make it one, or -1 if there is none.
func checkCode(w *[Words]uint16) (ok bool, suspect int) {
	var syndromes [checkWords]uint16
	var any uint16
	for j := range syndromes {
		for _, word := range w {
			syndromes[j] = fieldMul(syndromes[j], powers[j+1]) ^ word
		}
		any |= syndromes[j]
	}
	if any == 0 {
		return true, -1
	}
	return false, locate(syndromes)
}

// locate finds the place of a single error: an error e at z^p makes the j-th
// syndrome e·α^(jp), so that each is the one before it times α^p.
func locate(syndromes [checkWords]uint16) int {
	for i := range Words {
		ratio := powers[Words-1-i]
		single := syndromes[0] != 0
		for j := 1; j < checkWords; j++ {
			single = single && syndromes[j] == fieldMul(syndromes[j-1], ratio)
		}
		if single {
			return i
		}
	}
	return -1
}
