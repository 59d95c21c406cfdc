package curve

import (
	"crypto/sha256"
	"crypto/sha512"
	_ "embed"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
)

// vectors were made by OpenSSL 3.0: keys of its own on each curve, with its signatures.
//
//go:embed testdata/openssl.json
var vectors []byte

type vector struct {
	Curve      string `json:"curve"`
	Hash       string `json:"hash"`
	Message    string `json:"message"`
	Key        string `json:"key"`        // SubjectPublicKeyInfo, uncompressed
	Compressed string `json:"compressed"` // the same, compressed
	Signature  string `json:"signature"`  // DER
}

func load(t testing.TB) []vector {
	var list []vector
	if err := json.Unmarshal(vectors, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func (v *vector) digest(t testing.TB) []byte {
	switch v.Hash {
	case "sha256":
		d := sha256.Sum256([]byte(v.Message))
		return d[:]
	case "sha384":
		d := sha512.Sum384([]byte(v.Message))
		return d[:]
	case "sha512":
		d := sha512.Sum512([]byte(v.Message))
		return d[:]
	}
	t.Fatalf("hash %s", v.Hash)
	return nil
}

func unhex(t testing.TB, text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (v *vector) parse(t testing.TB) (PublicKey, Signature) {
	key, err := ParseKey(unhex(t, v.Key))
	if err != nil {
		t.Fatalf("%s: %v", v.Message, err)
	}
	of, err := key.Curve().Signature(unhex(t, v.Signature))
	if err != nil {
		t.Fatalf("%s: %v", v.Message, err)
	}
	return key, of
}

// own returns the key on its curve as if the standard library did not have it.
func own(k PublicKey) PublicKey {
	c := *k.curve
	c.standard = nil
	k.curve = &c
	return k
}

// TestVerify holds both ways of verifying against signatures that are not ours.
func TestVerify(t *testing.T) {
	covered := map[string]int{}
	for _, v := range load(t) {
		key, of := v.parse(t)
		digest := v.digest(t)
		changed := slices.Clone(digest)
		changed[0] ^= 1 << 3
		for how, key := range map[string]PublicKey{"as it is": key, "by our arithmetic": own(key)} {
			if !key.Verify(digest, of) {
				t.Errorf("%s, %s: refused", v.Message, how)
			}
			if key.Verify(changed, of) {
				t.Errorf("%s, %s: taken with another digest", v.Message, how)
			}
			if key.Verify(digest, Signature{of.s, of.r}) {
				t.Errorf("%s, %s: taken with r and s exchanged", v.Message, how)
			}
			high := Signature{of.r, new(big.Int).Sub(key.curve.n, of.s)}
			if !key.Verify(digest, high) {
				t.Errorf("%s, %s: the other s was refused, which says the same", v.Message, how)
			}
			if key.Verify(digest, Signature{of.r, new(big.Int).Add(of.s, big.NewInt(1))}) {
				t.Errorf("%s, %s: taken with another s", v.Message, how)
			}
		}
		covered[v.Curve]++
	}
	for _, name := range Names() {
		if covered[name] == 0 {
			t.Errorf("%s: no vector", name)
		}
	}
}

// TestKeyOfAnother verifies each signature with the next key of its curve.
func TestKeyOfAnother(t *testing.T) {
	list := load(t)
	for i := range list {
		key, of := list[i].parse(t)
		other, _ := list[(i+1)%len(list)].parse(t)
		if other.Curve().Name() == key.Curve().Name() && other.Verify(list[i].digest(t), of) {
			t.Errorf("%s: taken with another key", list[i].Message)
		}
	}
}

func TestKeyForms(t *testing.T) {
	for _, v := range load(t) {
		key, _ := v.parse(t)
		if got := hex.EncodeToString(key.DER()); got != v.Key {
			t.Errorf("%s: DER: got %s, want %s", v.Message, got, v.Key)
		}
		point := key.point()
		for form, read := range map[string]func() (PublicKey, error){
			"compressed": func() (PublicKey, error) { return ParseKey(unhex(t, v.Compressed)) },
			"point":      func() (PublicKey, error) { return key.Curve().Key(point) },
			"x and y":    func() (PublicKey, error) { return key.Curve().Key(point[1:]) },
		} {
			got, err := read()
			if err != nil || !got.Equal(key) {
				t.Errorf("%s: %s: got %v, %v, want the same key", v.Message, form, got, err)
			}
		}
	}
}

func TestWrongKeys(t *testing.T) {
	for _, name := range Names() {
		c, _ := Named(name)
		size := c.size()
		base := PublicKey{c, c.gx, c.gy}
		aside := new(big.Int).Add(c.gy, big.NewInt(1))
		above := new(big.Int).Add(c.gx, c.p)
		flipped := slices.Clone(base.DER())
		flipped[len(flipped)-1] ^= 1
		tests := map[string][]byte{
			"nothing":               {},
			"infinity":              {0},
			"zeros":                 make([]byte, 2*size),
			"zeros with a mark":     append([]byte{markFull}, make([]byte, 2*size)...),
			"beside the curve":      PublicKey{c, c.gx, aside}.point(),
			"one byte short":        base.point()[:2*size],
			"one byte long":         append(base.point(), 0),
			"hybrid mark":           append([]byte{6}, base.point()[1:]...),
			"compressed and no x":   append([]byte{markOdd}, slices.Repeat([]byte{0xff}, size)...),
			"mark of a full point":  append([]byte{markFull}, base.point()[1:1+size]...),
			"mark of half a point":  append([]byte{markEven}, base.point()[1:]...),
			"key in DER as a point": base.DER(),
		}
		if above.BitLen() <= 8*size {
			tests["x above the prime"] = PublicKey{c, above, c.gy}.point()
		}
		for what, data := range tests {
			if key, err := c.Key(data); !errors.Is(err, ErrKey) {
				t.Errorf("%s: %s: got %v, %v, want ErrKey", name, what, key, err)
			}
		}
		for what, der := range map[string][]byte{
			"not on the curve": flipped, "trailing byte": append(base.DER(), 0), "cut": base.DER()[:40], "empty": {}, "a point": base.point(),
		} {
			if _, err := ParseKey(der); !errors.Is(err, ErrKey) {
				t.Errorf("%s: DER, %s: got %v, want ErrKey", name, what, err)
			}
		}
	}
}

// TestForeignCurve reads a key of brainpoolP320r1, which OpenSSL made.
func TestForeignCurve(t *testing.T) {
	const key = "306a301406072a8648ce3d020106092b2403030208010109035200043bf72ffe508e17f819b0b770447a20680cca462f339bee51591b3bcefdd247e3" +
		"881a014072ea0daea2f1fab53763f003bb680acf1e76364678099185361d2b79c05eb16a94a084d893fc0ac00ad4b1fe"
	if got, err := ParseKey(unhex(t, key)); !errors.Is(err, ErrCurve) {
		t.Errorf("got %v, %v, want ErrCurve", got, err)
	}
}

func TestSignatureForms(t *testing.T) {
	for _, name := range Names() {
		c, _ := Named(name)
		most := new(big.Int).Sub(c.n, big.NewInt(1))
		high := new(big.Int).Lsh(big.NewInt(1), uint(c.n.BitLen()-1))
		one := big.NewInt(1)
		raw := func(r, s *big.Int) []byte {
			data := make([]byte, 2*c.size())
			r.FillBytes(data[:c.size()])
			s.FillBytes(data[c.size():])
			return data
		}
		unpadded := Signature{high, one}.der()
		if c.n.BitLen()%8 == 0 { // DER puts a zero before the first bit: without it
			at := slices.Index(unpadded, 0)
			unpadded = slices.Delete(unpadded, at, at+1)
			unpadded[1]--
			unpadded[3]--
		}
		for what, data := range map[string][]byte{
			"least": Signature{one, one}.der(), "greatest": Signature{most, most}.der(), "no zero before the first bit": unpadded,
			"two numbers": raw(one, most),
		} {
			if _, err := c.Signature(data); err != nil {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		good := Signature{most, most}.der()
		padded := append([]byte{tagSequence, 7, tagInteger, 2, 0}, 1, tagInteger, 1, 1)
		for what, data := range map[string][]byte{
			"r zero": Signature{new(big.Int), one}.der(), "s zero": Signature{one, new(big.Int)}.der(),
			"r the order": Signature{c.n, one}.der(), "s the order": Signature{one, c.n}.der(),
			"r zero as a number": raw(new(big.Int), one), "s the order as a number": raw(one, c.n),
			"nothing": {}, "byte after it": append(slices.Clone(good), 0), "cut": good[:len(good)-1], "padded": padded,
			"empty sequence": {tagSequence, 0}, "one integer": {tagSequence, 3, tagInteger, 1, 1},
			"empty integer":   {tagSequence, 5, tagInteger, 0, tagInteger, 1, 1},
			"three integers":  {tagSequence, 9, tagInteger, 1, 1, tagInteger, 1, 1, tagInteger, 1, 1},
			"no integers":     {tagSequence, 6, 4, 1, 1, 4, 1, 1},
			"length of two":   {tagSequence, 0x82, 0, 6, tagInteger, 1, 1, tagInteger, 1, 1},
			"length too long": {tagSequence, 0x81, 6, tagInteger, 1, 1, tagInteger, 1, 1},
			"endless length":  {tagSequence, 0x80, tagInteger, 1, 1, tagInteger, 1, 1, 0, 0},
			"half a number":   raw(one, one)[1:],
		} {
			if _, err := c.Signature(data); !errors.Is(err, ErrSignature) {
				t.Errorf("%s: %s: got %v, want ErrSignature", name, what, err)
			}
		}
	}
}

// sign is for tests alone: k is whatever they want.
func sign(c *Curve, d, k *big.Int, digest []byte) Signature {
	e := new(big.Int).SetBytes(digest)
	if excess := 8*len(digest) - c.n.BitLen(); excess > 0 {
		e.Rsh(e, uint(excess))
	}
	r := c.abscissa(c.combination(k, c.base(), new(big.Int), infinity()))
	r.Mod(r, c.n)
	s := new(big.Int).Mul(r, d)
	s.Mul(s.Add(s, e), new(big.Int).ModInverse(k, c.n))
	return Signature{r, s.Mod(s, c.n)}
}

func (c *Curve) keyOf(d *big.Int) PublicKey {
	p := c.combination(d, c.base(), new(big.Int), infinity())
	inverse := new(big.Int).ModInverse(p.z, c.p)
	return PublicKey{c, c.abscissa(p), c.mul(p.y, c.mul(inverse, c.mul(inverse, inverse)))}
}

// TestCornersOfArithmetic takes the keys at which additions become doublings or end at
// infinity: the base point itself, its opposite, its double, and a signature whose sum is infinity.
func TestCornersOfArithmetic(t *testing.T) {
	digest := sha256.Sum256([]byte("corner"))
	for _, name := range Names() {
		c, _ := Named(name)
		if !c.holds(c.gx, c.gy) {
			t.Errorf("%s: the base point is not on the curve", name)
		}
		if !c.combination(c.n, c.base(), new(big.Int), infinity()).isInfinity() {
			t.Errorf("%s: the order times the base point is not infinity", name)
		}
		if !c.n.ProbablyPrime(20) || !c.p.ProbablyPrime(20) {
			t.Errorf("%s: prime or order is not prime", name)
		}
		last := new(big.Int).Sub(c.n, big.NewInt(1))
		for _, d := range []*big.Int{big.NewInt(1), big.NewInt(2), last} {
			key := c.keyOf(d)
			if !c.holds(key.x, key.y) {
				t.Errorf("%s: %v times the base point is not on the curve", name, d)
			}
			for _, k := range []*big.Int{big.NewInt(1), big.NewInt(2), big.NewInt(0x10001), last} {
				of := sign(c, d, k, digest[:])
				if !key.Verify(digest[:], of) || !own(key).Verify(digest[:], of) {
					t.Errorf("%s: key of %v, k %v: refused", name, d, k)
				}
			}
			e := new(big.Int).SetBytes(digest[:])
			if excess := 8*len(digest) - c.n.BitLen(); excess > 0 {
				e.Rsh(e, uint(excess))
			}
			r := e.Mul(e.Neg(e), new(big.Int).ModInverse(d, c.n))
			nowhere := Signature{r.Mod(r, c.n), big.NewInt(5)}
			if own(key).Verify(digest[:], nowhere) || key.Verify(digest[:], nowhere) {
				t.Errorf("%s: key of %v: infinity was taken for a signature", name, d)
			}
		}
	}
}

func TestNamed(t *testing.T) {
	for name, want := range map[string]string{
		"secp256r1": "secp256r1", "PRIME256V1": "secp256r1", "brainpool256r1": "brainpoolP256r1", "brainpoolP384r1": "brainpoolP384r1", "secp192k1": "secp192k1",
	} {
		if c, ok := Named(name); !ok || c.Name() != want {
			t.Errorf("%s: got %v, %t, want %s", name, c, ok, want)
		}
	}
	for _, name := range []string{"", "secp224r1", "brainpoolP256t1", "P-256 "} {
		if c, ok := Named(name); ok {
			t.Errorf("%q: got %s, want none", name, c.Name())
		}
	}
}

func FuzzSignature(f *testing.F) {
	for _, v := range load(f)[:9] {
		f.Add(unhex(f, v.Signature))
	}
	c, _ := Named("secp256k1")
	f.Fuzz(func(t *testing.T, data []byte) {
		of, err := c.Signature(data)
		if err == nil && !of.inRange(c) {
			t.Errorf("%x: taken, and out of range", data)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, v := range load(f) {
		f.Add(unhex(f, v.Key))
		f.Add(unhex(f, v.Compressed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := ParseKey(data)
		if err != nil {
			return
		}
		if !key.curve.holds(key.x, key.y) {
			t.Errorf("%x: taken, and not on %s", data, key.curve.name)
		}
		if again, err := ParseKey(key.DER()); err != nil || !again.Equal(key) {
			t.Errorf("%x: its own DER comes back as %v, %v", data, again, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, v := range load(b) {
		if v.Hash != "sha256" || v.Message[len(v.Curve):][:17] != " sha256 reading 1" {
			continue
		}
		key, of := v.parse(b)
		digest := v.digest(b)
		b.Run(v.Curve, func(b *testing.B) {
			for b.Loop() {
				if !key.Verify(digest, of) {
					b.Fatal("refused")
				}
			}
		})
	}
}
