package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log"
	"net/url"
	"strings"
)

type form struct{ name, text string }

// forms are those that programs write a text in.
func forms(value string) []form {
	quoted := quote(value)
	return []form{
		{"as it is", value},
		{"base64", base64.StdEncoding.EncodeToString([]byte(value))},
		{"base64 for URLs", base64.RawURLEncoding.EncodeToString([]byte(value))},
		{"with a user in base64", base64.StdEncoding.EncodeToString([]byte("ann:" + value))},
		{"hex", hex.EncodeToString([]byte(value))},
		{"HEX", strings.ToUpper(hex.EncodeToString([]byte(value)))},
		{"in a query", url.QueryEscape(value)},
		{"in a path", url.PathEscape(value)},
		{"in an address", (&url.URL{Scheme: "https", User: url.UserPassword("ann", value), Host: "example.com"}).String()},
		{"JSON", quoted},
		{"JSON in JSON", quote(quoted)},
	}
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		log.Fatal(err)
	}
	return string(quoted)
}
