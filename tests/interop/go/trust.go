package main

import (
	"errors"
	"fmt"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// trustFile is trust.json.
type trustFile struct {
	Format string `json:"format"`
	Note   string `json:"note"`
}

// trustSet is the body of a custos.trust-set/v1 statement.
type trustSet struct {
	Suite   int    `json:"suite"`
	Version int    `json:"version"`
	Agency  string `json:"agency"`
	TimeMS  int64  `json:"time_ms"`
	Roots   struct {
		Keys      []string `json:"keys"`
		Threshold int      `json:"threshold"`
	} `json:"roots"`
	Registrar []string `json:"registrar"`
	Witness   []string `json:"witness"`
	Storage   []string `json:"storage"`
	Policy    []string `json:"policy"`
	People    []struct {
		Name  string   `json:"name"`
		Key   string   `json:"key"`
		Roles []string `json:"roles"`
	} `json:"people"`
	Recipients []string `json:"recipients"`
}

// openTrust opens a trust file whose set its own root keys signed.
func openTrust(text []byte) (*trustSet, error) {
	var file trustFile
	if err := strictJSON(string(text), &file); err != nil {
		return nil, err
	}
	if file.Format != "custos-trust/1" {
		return nil, errors.New("not a trust file")
	}
	// The keys stand in the signed text itself: it is read once to learn them, then verified.
	unverified, _, _ := strings.Cut(file.Note, "\n\n")
	var set trustSet
	if err := readStatement(unverified+"\n", "custos.trust-set/v1", &set); err != nil {
		return nil, err
	}
	opened, err := openNote(file.Note, set.Roots.Keys)
	if err != nil {
		return nil, err
	}
	if set.Roots.Threshold < 1 || len(opened.Sigs) < set.Roots.Threshold {
		return nil, errors.New("too few of the root keys signed")
	}
	if set.Suite != 1 {
		return nil, errors.New("another suite")
	}
	return &set, readStatement(opened.Text, "custos.trust-set/v1", &set)
}

// openNote verifies a note by sumdb/note. A line of any other key than keys is an error.
func openNote(text string, keys []string) (*note.Note, error) {
	var verifiers []note.Verifier
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return nil, fmt.Errorf("a key: %w", err)
		}
		verifiers = append(verifiers, verifier)
	}
	return openBy(text, verifiers)
}

func openBy(text string, verifiers []note.Verifier) (*note.Note, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifiers...))
	if err != nil {
		return nil, err
	}
	if len(opened.UnverifiedSigs) != 0 {
		return nil, errors.New("a line by a key that was not expected")
	}
	return opened, nil
}

// witnesses are the verifiers of an agency's cosignatures.
func witnesses(set *trustSet) ([]note.Verifier, error) {
	var list []note.Verifier
	for _, key := range set.Witness {
		verifier, err := fnote.NewVerifierForCosignatureV1(key)
		if err != nil {
			return nil, fmt.Errorf("the witness key: %w", err)
		}
		list = append(list, verifier)
	}
	return list, nil
}

// readStatement reads the text of a statement: its type and one line of JSON.
func readStatement(text, kind string, value any) error {
	first, body, found := strings.Cut(text, "\n")
	if !found || first != kind {
		return fmt.Errorf("not a %s", kind)
	}
	body, found = strings.CutSuffix(body, "\n")
	if !found || strings.Contains(body, "\n") {
		return errors.New("not one line of JSON")
	}
	return strictJSON(body, value)
}
