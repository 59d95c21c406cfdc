package transparency

import (
	"encoding/xml"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func session() File {
	const ocmf = `OCMF|{"PG":"T1","ID":"<&>"}|{"SD":"00"}`
	return File{Values: []Value{
		{Transaction: "29", Context: "Transaction.Begin", Key: Text{"hex", "3059"}, Data: Text{"plain", ocmf}, Format: "OCMF"},
		{Transaction: "29", Context: `Transaction."End"`, Data: Text{"base64", "QVA7MDs="}, Format: "ALFEN"},
	}}
}

func TestWrite(t *testing.T) {
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<values>
  <value transactionId="29" context="Transaction.Begin">
    <publicKey encoding="hex">3059</publicKey>
    <signedData format="OCMF" encoding="plain">OCMF|{"PG":"T1","ID":"&lt;&amp;&gt;"}|{"SD":"00"}</signedData>
  </value>
  <value transactionId="29" context="Transaction.&quot;End&quot;">
    <signedData format="ALFEN" encoding="base64">QVA7MDs=</signedData>
  </value>
</values>
`
	got, err := session().Write()
	if err != nil || string(got) != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
	}
	back, err := Read(got)
	if err != nil || !reflect.DeepEqual(back, session()) {
		t.Errorf("comes back as %+v, %v", back, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Value)
		want   string
	}{
		"transaction of a 2.x station": {func(v *Value) { v.Transaction = "abc-1" }, "transactionId"},
		"no data":                      {func(v *Value) { v.Data.Text = "" }, "signedData: is missing"},
		"space before the data":        {func(v *Value) { v.Data.Text = " x" }, "signedData: white space"},
		"line feed after the key":      {func(v *Value) { v.Key.Text = "30\n" }, "publicKey: white space"},
		"zero in the data":             {func(v *Value) { v.Data.Text = "a\x00b" }, "signedData: has characters"},
		"broken text":                  {func(v *Value) { v.Data.Text = "a\xffb" }, "signedData: has characters"},
		"no character":                 {func(v *Value) { v.Context = "a\uFFFEb" }, "context: has characters"},
	} {
		f := session()
		test.change(&f.Values[1])
		if got, err := f.Write(); err == nil || !strings.Contains(err.Error(), "value 2: "+test.want) {
			t.Errorf("%s: got %q, %v, want an error about value 2: %s", name, got, err, test.want)
		}
	}
}

func TestRead(t *testing.T) {
	data := Text{"", "OCMF|1|2"}
	for name, test := range map[string]struct {
		text string
		want Value
	}{
		"data first":  {`<values><value><signedData>OCMF|1|2</signedData><publicKey encoding="hex">30</publicKey></value></values>`, Value{Data: data, Key: Text{"hex", "30"}}},
		"key first":   {`<values><value><publicKey>30 59</publicKey><signedData>OCMF|1|2</signedData></value></values>`, Value{Data: data, Key: Text{"", "30 59"}}},
		"white space": {"<?xml version='1.0'?>\n<values >\n<value>\n<signedData>\n   OCMF|1|2 \r\n</signedData><publicKey> 30\n</publicKey></value></values >\n\n", Value{Data: data, Key: Text{"", "30"}}},
		"CDATA":       {`<values><value><signedData><![CDATA[OCMF|<&>|2]]></signedData></value></values>`, Value{Data: Text{"", "OCMF|<&>|2"}}},
		"more than is known": {
			`<!-- x --><values xmlns:x="y" a="b"><c/><value d="e" transactionId="7"><f>g</f><signedData transactionId="29" format="OCMF" encoding="plain">OCMF|1|2</signedData></value></values><!-- z -->`,
			Value{Transaction: "7", Data: Text{"plain", "OCMF|1|2"}, Format: "OCMF"},
		},
	} {
		got, err := Read([]byte(test.text))
		if err != nil || !reflect.DeepEqual(got, File{Values: []Value{test.want}}) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, test.want)
		}
	}
	for name, text := range map[string]string{
		"empty": "", "words": "hello", "another root": "<value/>", "open": "<values><value>", "no data": "<values><value><publicKey>30</publicKey></value></values>",
		"empty data": "<values><value><signedData> </signedData></value></values>", "two roots": "<values/><values/>", "words after": "<values/>more",
		"entity": `<!DOCTYPE v [<!ENTITY e "x">]><values><value><signedData>&e;</signedData></value></values>`, "Latin": `<?xml version="1.0" encoding="ISO-8859-1"?><values/>`,
		"long": "<values>" + strings.Repeat(" ", MaxLength) + "</values>", "many": "<values>" + strings.Repeat("<value><signedData>1</signedData></value>", ValuesMax+1) + "</values>",
	} {
		if got, err := Read([]byte(text)); !errors.Is(err, ErrFile) {
			t.Errorf("%s: got %+v, %v, want ErrFile", name, got, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	seed, err := session().Write()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("<values ><value><signedData>\n a&#xD;b </signedData><publicKey> 30 </publicKey></value></values>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(data)
		if err != nil {
			return
		}
		text, err := file.Write()
		if err != nil {
			return // a transaction of words is read and not written
		}
		if again, err := Read(text); err != nil || !reflect.DeepEqual(again, file) {
			t.Errorf("%q: comes back as %+v, %v, want %+v", data, again, err, file)
		}
		if err := xml.Unmarshal(text, new(struct{})); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
