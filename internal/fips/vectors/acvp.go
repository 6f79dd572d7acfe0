package vectors

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A Count says what came of vectors.
type Count struct {
	Passed     int
	NotOffered int // the module has no such algorithm
	NoAnswer   int // it follows from a key that the module chose, or the test program does not give it
	Failed     int
	Failures   []string // of the first ones
}

// Add adds other to c.
func (c *Count) Add(other Count) {
	c.Passed += other.Passed
	c.NotOffered += other.NotOffered
	c.NoAnswer += other.NoAnswer
	c.Failed += other.Failed
	c.Failures = append(c.Failures, other.Failures...)
}

func (c *Count) fail(format string, args ...any) {
	if c.Failed++; len(c.Failures) < 10 {
		c.Failures = append(c.Failures, fmt.Sprintf(format, args...))
	}
}

// An object is a JSON object of a vector file: what a group says of all its tests, or a test.
type object map[string]any

func (o object) text(key string) string { s, _ := o[key].(string); return s }
func (o object) number(key string) int  { f, _ := o[key].(float64); return int(f) }
func (o object) bool(key string) bool   { b, _ := o[key].(bool); return b }

func (o object) object(key string) object {
	m, _ := o[key].(map[string]any)
	return m
}

func (o object) list(key string) []object {
	l, _ := o[key].([]any)
	var out []object
	for _, e := range l {
		m, _ := e.(map[string]any)
		out = append(out, m)
	}
	return out
}

// hex returns the bytes of a hexadecimal member; nothing for none.
func (o object) hex(key string) []byte {
	b, err := hex.DecodeString(o.text(key))
	if err != nil {
		panic(fmt.Errorf("%s: %w", key, err)) // Run recovers
	}
	return b
}

// A vector is one test with what its group and file say.
type vector struct {
	algorithm, mode string
	group, test     object
	module          *Module
}

// errNoAnswer says that there is no answer to compare.
var errNoAnswer = errors.New("no answer")

// Run holds the tests of one file to the module. vectors and expected are the file's two halves, as acvp-testdata has them. An error
// means that the files cannot be read, or that the program ended.
func Run(m *Module, vectors, expected []byte) (Count, error) {
	var sets, answers []object
	if err := errors.Join(json.Unmarshal(vectors, &sets), json.Unmarshal(expected, &answers)); err != nil {
		return Count{}, err
	}
	if len(sets) != len(answers) {
		return Count{}, fmt.Errorf("%d sets of vectors, %d of answers", len(sets), len(answers))
	}
	var count Count
	for i, set := range sets {
		v := vector{algorithm: set.text("algorithm"), mode: set.text("mode"), module: m}
		want := map[int]object{}
		for _, group := range answers[i].list("testGroups") {
			for _, test := range group.list("tests") {
				want[test.number("tcId")] = test
			}
		}
		for _, v.group = range set.list("testGroups") {
			for _, v.test = range v.group.list("tests") {
				if !m.offered[[2]string{v.algorithm, v.mode}] {
					count.NotOffered++
					continue
				}
				id := v.test.number("tcId")
				got, err := v.run()
				switch answer, ok := want[id]; {
				case errors.Is(err, errNoAnswer):
					count.NoAnswer++
				case err != nil:
					return count, fmt.Errorf("%s %s, test %d: %w", v.algorithm, v.mode, id, err)
				case !ok:
					count.fail("%s %s, test %d: no answer is known", v.algorithm, v.mode, id)
				default:
					if what := difference(got, answer); what != "" {
						count.fail("%s %s, test %d: %s", v.algorithm, v.mode, id, what)
						continue
					}
					count.Passed++
				}
			}
		}
	}
	return count, nil
}

// difference returns in what an answer differs from the known one, "" for nothing. All members of the known one count.
func difference(got, want object) string {
	for key, w := range want {
		if key == "tcId" {
			continue
		}
		a, err := json.Marshal(got[key])
		b, err2 := json.Marshal(w)
		if err != nil || err2 != nil || !strings.EqualFold(string(a), string(b)) {
			return fmt.Sprintf("%s is %.80s, want %.80s", key, a, b)
		}
	}
	return ""
}

func text(b []byte) string { return hex.EncodeToString(b) }

// run makes the requests of one test and returns the answer as ACVP has it.
func (v *vector) run() (answer object, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the vector cannot be read: %v", r)
		}
	}()
	lower := lowerings[v.algorithm]
	if lower == nil {
		lower = lowerings[strings.SplitAfter(v.algorithm, "-")[0]]
	}
	if lower == nil {
		return nil, errors.New("this algorithm of the module is unknown here")
	}
	return lower(v)
}

// one makes a request with an answer of one byte string.
func (v *vector) one(name string, args ...[]byte) ([]byte, error) {
	out, err := v.module.call(name, 1, args...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// passes makes a request whose answer is whether something is right.
func (v *vector) passes(name string, args ...[]byte) (object, error) {
	out, err := v.one(name, args...)
	return object{"testPassed": len(out) == 1 && out[0] == 1}, err
}

// lowerings make requests of vectors, by algorithm or by what its name begins with.
var lowerings map[string]func(*vector) (object, error)

func init() { // not in the declaration: run refers to it
	lowerings = map[string]func(*vector) (object, error){
		"SHA2-": hash, "SHA3-": hash, "SHAKE-": shake, "cSHAKE-": cshake, "HMAC-": mac, "CMAC-": cmac,
		"ACVP-AES-CBC": cbc, "ACVP-AES-CTR": ctr, "ACVP-AES-GCM": gcm,
		"KDA": kda, "PBKDF": pbkdf, "TLS-v1.2": tls12, "TLS-v1.3": tls13, "kdf-components": ssh,
		"EDDSA": eddsa, "ECDSA": ecdsa, "RSA": rsa, "ML-KEM": mlkem, "ML-DSA": mldsa,
		"hmacDRBG": drbg, "ctrDRBG": drbg,
		// The module chooses the key, or, in the other half of KAS-ECC-SSC, the test program ends at a bad point instead of answering.
		"DetECDSA": noAnswer, "KTS-IFC": noAnswer, "KAS-ECC-SSC": noAnswer,
	}
}

func noAnswer(*vector) (object, error) { return nil, errNoAnswer }

// repeat makes the 100 results of a Monte Carlo test.
func repeat(step func() (object, error)) (object, error) {
	var results []any
	for range 100 {
		r, err := step()
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return object{"resultsArray": results}, nil
}

func hash(v *vector) (object, error) {
	data := v.test.hex("msg")
	if v.group.text("testType") != "MCT" {
		md, err := v.one(v.algorithm, data)
		return object{"md": text(md)}, err
	}
	return repeat(func() (_ object, err error) {
		data, err = v.one(v.algorithm+"/MCT", data)
		return object{"md": text(data)}, err
	})
}

func shake(v *vector) (object, error) {
	data := v.test.hex("msg")
	switch kind := v.group.text("testType"); kind {
	case "MCT":
		least, most := u32(v.group.number("minOutLen")/8), u32(v.group.number("maxOutLen")/8)
		length := most
		return repeat(func() (object, error) {
			out, err := v.module.call(v.algorithm+"/MCT", 2, data, least, most, length)
			if err != nil {
				return nil, err
			}
			data, length = out[0], out[1]
			return object{"md": text(data), "outLen": 8 * len(data)}, nil
		})
	default:
		name := v.algorithm
		if kind == "VOT" {
			name += "/VOT"
		}
		md, err := v.one(name, data, u32(v.test.number("outLen")/8))
		return object{"md": text(md), "outLen": 8 * len(md)}, err
	}
}

func cshake(v *vector) (object, error) {
	data, custom := v.test.hex("msg"), []byte(v.test.text("customization"))
	if v.group.text("testType") != "MCT" {
		md, err := v.one(v.algorithm, data, u32(v.test.number("outLen")/8), []byte(v.test.text("functionName")), custom)
		return object{"md": text(md), "outLen": 8 * len(md)}, err
	}
	least, most, step := v.group.number("minOutLen")/8, v.group.number("maxOutLen")/8, v.group.number("outLenIncrement")/8
	length := u32(most)
	return repeat(func() (object, error) {
		out, err := v.module.call(v.algorithm+"/MCT", 3, data, u32(least), u32(most), length, u32(step), custom)
		if err != nil {
			return nil, err
		}
		data, length, custom = out[0], out[1], out[2]
		return object{"md": text(data), "outLen": 8 * len(data)}, nil
	})
}

func mac(v *vector) (object, error) {
	out, err := v.one(v.algorithm, v.test.hex("msg"), v.test.hex("key"))
	return object{"mac": text(out[:min(len(out), v.group.number("macLen")/8)])}, err
}

func cmac(v *vector) (object, error) {
	key, message := v.test.hex("key"), v.test.hex("message")
	if v.group.text("direction") == "ver" {
		return v.passes("CMAC-AES/verify", key, message, v.test.hex("mac"))
	}
	out, err := v.one("CMAC-AES", u32(v.group.number("macLen")/8), key, message)
	return object{"mac": text(out)}, err
}

// sides returns the names of a cipher's input and output.
func (v *vector) sides() (from, to string) {
	if v.group.text("direction") == "decrypt" {
		return "ct", "pt"
	}
	return "pt", "ct"
}

func cbc(v *vector) (object, error) {
	from, to := v.sides()
	key, in, iv := v.test.hex("key"), v.test.hex(from), v.test.hex("iv")
	name := "AES-CBC/" + v.group.text("direction")
	if v.group.text("testType") != "MCT" {
		out, err := v.module.call(name, 2, key, in, iv, u32(1))
		if err != nil {
			return nil, err
		}
		return object{to: text(out[0])}, nil
	}
	return repeat(func() (object, error) {
		result := object{"key": text(key), from: text(in), "iv": text(iv)}
		out, err := v.module.call(name, 2, key, in, iv, u32(1000))
		if err != nil {
			return nil, err
		}
		result[to] = text(out[0])
		mask := append(bytes.Clone(out[1]), out[0]...) // the last two blocks
		key = bytes.Clone(key)
		for i, b := range mask[len(mask)-len(key):] {
			key[i] ^= b
		}
		iv, in = out[0], out[1]
		return result, nil
	})
}

func ctr(v *vector) (object, error) {
	from, to := v.sides()
	out, err := v.one("AES-CTR/"+v.group.text("direction"), v.test.hex("key"), v.test.hex(from), v.test.hex("iv"), u32(1))
	return object{to: text(out)}, err
}

func gcm(v *vector) (object, error) {
	if v.group.text("ivGen") != "external" {
		return nil, errNoAnswer
	}
	tag := v.group.number("tagLen") / 8
	key, iv, aad := v.test.hex("key"), v.test.hex("iv"), v.test.hex("aad")
	if v.group.text("direction") == "encrypt" {
		out, err := v.one("AES-GCM/seal", u32(tag), key, v.test.hex("pt"), iv, aad)
		if err != nil {
			return nil, err
		}
		return object{"ct": text(out[:len(out)-tag]), "tag": text(out[len(out)-tag:])}, nil
	}
	out, err := v.module.call("AES-GCM/open", 2, u32(tag), key, append(v.test.hex("ct"), v.test.hex("tag")...), iv, aad)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(out[0], []byte{1}) {
		return object{"pt": text(out[1]), "testPassed": true}, nil
	}
	return object{"testPassed": false}, nil
}

func kda(v *vector) (object, error) {
	config, param := v.group.object("kdfConfiguration"), v.test.object("kdfParameter")
	if config.text("fixedInfoPattern") != "uPartyInfo||vPartyInfo" {
		return nil, fmt.Errorf("fixedInfoPattern %q", config.text("fixedInfoPattern"))
	}
	var info []byte
	for _, party := range []object{v.test.object("fixedInfoPartyU"), v.test.object("fixedInfoPartyV")} {
		info = append(append(info, party.hex("partyId")...), party.hex("ephemeralData")...)
	}
	length := u32(param.number("l") / 8)
	var out []byte
	var err error
	if v.mode == "HKDF" {
		out, err = v.one("HKDF/"+config.text("hmacAlg"), param.hex("z"), param.hex("salt"), info, length)
	} else {
		out, err = v.one("OneStepNoCounter/"+config.text("auxFunction"), param.hex("z"), info, param.hex("salt"), length)
	}
	if v.group.text("testType") == "VAL" {
		return object{"testPassed": bytes.Equal(out, v.test.hex("dkm"))}, err
	}
	return object{"dkm": text(out)}, err
}

func pbkdf(v *vector) (object, error) {
	out, err := v.one("PBKDF", []byte(v.group.text("hmacAlg")), u32(v.test.number("keyLen")), v.test.hex("salt"),
		[]byte(v.test.text("password")), u32(v.test.number("iterationCount")))
	return object{"derivedKey": text(out)}, err
}

func tls12(v *vector) (object, error) {
	name := "TLSKDF/1.2/" + v.group.text("hashAlg")
	t := v.test
	secret, err := v.one(name, u32(48), t.hex("preMasterSecret"), []byte("extended master secret"), t.hex("sessionHash"), nil)
	if err != nil {
		return nil, err
	}
	length := u32(v.group.number("keyBlockLength") / 8)
	block, err := v.one(name, length, secret, []byte("key expansion"), t.hex("serverRandom"), t.hex("clientRandom"))
	return object{"masterSecret": text(secret), "keyBlock": text(block)}, err
}

// tls13 is the key schedule of RFC 8446, section 7.1, over the transcript that the vector makes up.
func tls13(v *vector) (object, error) {
	name, sum := v.group.text("hmacAlg"), func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	if name == "SHA2-384" {
		sum = func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }
	}
	zeros := make([]byte, len(sum(nil)))
	extract := func(secret, salt []byte) []byte {
		if len(secret) == 0 {
			secret = zeros
		}
		out, err := v.one("HKDFExtract/"+name, secret, salt)
		if err != nil {
			panic(err)
		}
		return out
	}
	expand := func(secret []byte, label string, transcript ...string) []byte {
		var all []byte
		for _, part := range transcript {
			all = append(all, v.test.hex(part)...)
		}
		out, err := v.one("HKDFExpandLabel/"+name, u32(len(zeros)), secret, []byte(label), sum(all))
		if err != nil {
			panic(err)
		}
		return out
	}
	const hello, answer, server, client = "helloClientRandom", "helloServerRandom", "finishedServerRandom", "finishedClientRandom"
	early := extract(v.test.hex("psk"), zeros)
	handshake := extract(v.test.hex("dhe"), expand(early, "derived"))
	master := extract(nil, expand(handshake, "derived"))
	return object{
		"clientEarlyTrafficSecret":       text(expand(early, "c e traffic", hello)),
		"earlyExporterMasterSecret":      text(expand(early, "e exp master", hello)),
		"clientHandshakeTrafficSecret":   text(expand(handshake, "c hs traffic", hello, answer)),
		"serverHandshakeTrafficSecret":   text(expand(handshake, "s hs traffic", hello, answer)),
		"clientApplicationTrafficSecret": text(expand(master, "c ap traffic", hello, answer, server)),
		"serverApplicationTrafficSecret": text(expand(master, "s ap traffic", hello, answer, server)),
		"exporterMasterSecret":           text(expand(master, "exp master", hello, answer, server)),
		"resumptionMasterSecret":         text(expand(master, "res master", hello, answer, server, client)),
	}, nil
}

func ssh(v *vector) (object, error) {
	result := object{}
	for side, suffix := range map[string]string{"client": "Client", "server": "Server"} {
		out, err := v.module.call("SSHKDF/"+v.group.text("hashAlg")+"/"+side, 3, v.test.hex("k"), v.test.hex("h"),
			v.test.hex("sessionId"), []byte(v.group.text("cipher")))
		if err != nil {
			return nil, err
		}
		for i, key := range []string{"initialIv", "encryptionKey", "integrityKey"} {
			result[key+suffix] = text(out[i])
		}
	}
	return result, nil
}

func eddsa(v *vector) (object, error) {
	curve := []byte(v.group.text("curve"))
	switch v.mode {
	case "keyVer":
		return v.passes("EDDSA/keyVer", curve, v.test.hex("q"))
	case "sigVer":
		prehash := []byte{0}
		if v.group.bool("preHash") {
			prehash = []byte{1}
		}
		return v.passes("EDDSA/sigVer", curve, v.test.hex("message"), v.test.hex("q"), v.test.hex("signature"), prehash)
	}
	return nil, errNoAnswer
}

func ecdsa(v *vector) (object, error) {
	curve, t := []byte(v.group.text("curve")), v.test
	switch v.mode {
	case "keyVer":
		return v.passes("ECDSA/keyVer", curve, t.hex("qx"), t.hex("qy"))
	case "sigVer":
		hash := []byte(v.group.text("hashAlg"))
		return v.passes("ECDSA/sigVer", curve, hash, t.hex("message"), t.hex("qx"), t.hex("qy"), t.hex("r"), t.hex("s"))
	}
	return nil, errNoAnswer
}

func rsa(v *vector) (object, error) {
	if v.mode != "sigVer" {
		return nil, errNoAnswer
	}
	return v.passes("RSA/sigVer/"+v.group.text("hashAlg")+"/"+v.group.text("sigType"),
		v.group.hex("n"), v.group.hex("e"), v.test.hex("message"), v.test.hex("signature"))
}

func mlkem(v *vector) (object, error) {
	set, t := v.group.text("parameterSet"), v.test
	var out [][]byte
	var err error
	names := []string{"ek", "dk"}
	switch cmp.Or(v.group.text("function"), v.mode) {
	case "keyGen":
		out, err = v.module.call(set+"/keyGen", 2, append(t.hex("d"), t.hex("z")...))
	case "encapsulation":
		names = []string{"c", "k"}
		out, err = v.module.call(set+"/encap", 2, t.hex("ek"), t.hex("m"))
	case "decapsulation":
		names = []string{"k"}
		out, err = v.module.call(set+"/decap", 1, t.hex("dk"), t.hex("c"))
	default:
		return nil, fmt.Errorf("function %q", v.group.text("function"))
	}
	if err != nil {
		return nil, err
	}
	result := object{}
	for i, name := range names {
		result[name] = text(out[i])
	}
	return result, nil
}

func mldsa(v *vector) (object, error) {
	name, t := v.group.text("parameterSet")+"/"+v.mode, v.test
	switch v.mode {
	case "keyGen":
		out, err := v.module.call(name, 2, t.hex("seed"))
		if err != nil {
			return nil, err
		}
		return object{"pk": text(out[0]), "sk": text(out[1])}, nil
	case "sigGen":
		out, err := v.one(name, t.hex("sk"), t.hex("message"), t.hex("rnd"), t.hex("context"), t.hex("mu"))
		return object{"signature": text(out)}, err
	}
	return v.passes(name, t.hex("pk"), t.hex("message"), t.hex("signature"), t.hex("context"), t.hex("mu"))
}

func drbg(v *vector) (object, error) {
	t := v.test
	length := u32(v.group.number("returnedBitsLen") / 8)
	first := [][]byte{length, t.hex("entropyInput"), t.hex("persoString")}
	name := v.algorithm + "/" + v.group.text("mode")
	var additional [][]byte
	for _, step := range t.list("otherInput") {
		if step.text("intendedUse") == "reSeed" {
			name = v.algorithm + "-reseed/" + v.group.text("mode")
			first = append(first, step.hex("additionalInput"), step.hex("entropyInput"))
			continue
		}
		additional = append(additional, step.hex("additionalInput"))
	}
	if len(additional) != 2 {
		return nil, fmt.Errorf("%d steps that generate, want 2", len(additional))
	}
	out, err := v.one(name, append(append(first, additional...), t.hex("nonce"))...)
	return object{"returnedBits": text(out)}, err
}
