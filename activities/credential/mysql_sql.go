package credential

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/longshore-dev/longshore/internal/secret"
)

// mysqlText quotes a text for a session whose sql_mode is empty.
func mysqlText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\x00", `\0`, "\n", `\n`, "\r", `\r`, "\x1a", `\Z`).Replace(text) + "'"
}

// mysqlName quotes an identifier.
func mysqlName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// mysqlAccount is a user who comes from a place.
func mysqlAccount(user, from string) string { return mysqlText(user) + "@" + mysqlText(from) }

// mysqlOption is a password as a line of an option file; an empty line for none.
func mysqlOption(password secret.String) string {
	if password.Empty() {
		return "\n"
	}
	return `password="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(password.Reveal()) + "\"\n"
}

// nativeHash is what mysql_native_password keeps of a password.
func nativeHash(password string) string {
	first := sha1.Sum([]byte(password))
	second := sha1.Sum(first[:])
	return "*" + strings.ToUpper(hex.EncodeToString(second[:]))
}

// identified is the part of a grant that has the password's hash, or the way to log in.
var identified = regexp.MustCompile(` IDENTIFIED (BY PASSWORD|WITH|VIA) .*$`)

// mysqlGrants makes one user's grants, as the server shows them, those of another.
func mysqlGrants(shown, of, to string) string {
	var b strings.Builder
	for line := range strings.Lines(shown) {
		line = strings.TrimSpace(line)
		for _, quote := range []func(string) string{mysqlName, mysqlText} {
			before, after, ok := cutLast(line, " TO "+quote(of)+"@")
			if !ok {
				continue
			}
			option := ""
			if strings.HasSuffix(after, " WITH GRANT OPTION") {
				option = " WITH GRANT OPTION"
			}
			from := identified.ReplaceAllString(strings.TrimSuffix(after, option), "")
			if strings.HasPrefix(line, "GRANT ") && !strings.HasPrefix(line, "GRANT PROXY ") {
				fmt.Fprintf(&b, "%s TO %s@%s%s;\n", before, quote(to), from, option)
			}
			break
		}
	}
	return b.String()
}

// cutLast is strings.Cut at the last separator.
func cutLast(text, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

func unhex(text string) (string, error) {
	plain, err := hex.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("the database's answer %q is not understood", text)
	}
	return string(plain), nil
}
