package config

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var yamlExample = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestDocsExamplesAreValid loads every example of the files that the docs on them and on secrets show.
func TestDocsExamplesAreValid(t *testing.T) {
	for _, docs := range []string{docsPath, "../docs/secrets.md", "../docs/registries.md"} {
		text, err := os.ReadFile(docs)
		if err != nil {
			t.Fatal(err)
		}
		examples := yamlExample.FindAllStringSubmatch(string(text), -1)
		if len(examples) == 0 {
			t.Errorf("%s has no examples", docs)
		}
		for _, example := range examples {
			files := map[string]string{"Dockerfile": "FROM scratch\n", "license.txt": "x"}
			o := Options{Environ: environ(t)}
			if strings.Contains(example[1], "services:\n") {
				files["compose.yaml"], o.Host = example[1], "local"
				_, err = tryLoad(t, write(t, files), o)
			} else {
				files["longshore.yml"] = example[1]
				o.Dir = write(t, files)
				_, err = LoadSecretStore(o)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", docs, err, example[1])
			}
		}
	}
}
