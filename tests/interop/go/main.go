// Command interop verifies what a Custos terminal and station produced, without any of their code:
// signed notes and tree proofs by golang.org/x/mod/sumdb (the code behind Go's own checksum
// database), tlog-proof and cosignature/v1 by transparency-dev/formats, RFC 6962 once more by
// transparency-dev/merkle, and the clip tree from the file.
//
// The formats are in docs/FORMATS.md. It prints what it verified, a line each, and ends with
// status 0; or the first thing that does not verify, with status 1.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	clip := flag.String("clip", "", "the evidence file")
	receipt := flag.String("receipt", "", "its receipt")
	trust := flag.String("trust", "", "the agency's trust.json")
	earlier := flag.String("earlier", "", "an earlier cosigned checkpoint of the same journal")
	consistency := flag.String("consistency", "", "the proof between it and the receipt's checkpoint, a base64 hash a line")
	flag.Parse()
	if flag.NArg() != 0 || *receipt == "" || *trust == "" || (*earlier == "") != (*consistency == "") {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*clip, *receipt, *trust, *earlier, *consistency); err != nil {
		fmt.Fprintln(os.Stderr, "does not verify:", err)
		os.Exit(1)
	}
}

func run(clip, receiptFile, trustFile, earlier, consistency string) error {
	text, err := os.ReadFile(trustFile)
	if err != nil {
		return err
	}
	agency, err := openTrust(text)
	if err != nil {
		return fmt.Errorf("the trust set: %w", err)
	}
	fmt.Printf("trust set version %d of %s\n", agency.Version, agency.Agency)

	text, err = os.ReadFile(receiptFile)
	if err != nil {
		return err
	}
	checked, err := openReceipt(text, agency)
	if err != nil {
		return fmt.Errorf("the receipt: %w", err)
	}
	fmt.Printf("receipt for %s of terminal %s: entry %d of a journal of %d, cosigned at %d\n",
		checked.stored.Clip, checked.stored.Terminal, checked.stored.Entry, checked.checkpoint.Size, checked.cosigned)

	if earlier != "" {
		old, err := os.ReadFile(earlier)
		if err != nil {
			return err
		}
		proof, err := readHashes(consistency)
		if err != nil {
			return err
		}
		size, err := checkConsistency(old, proof, checked, agency)
		if err != nil {
			return fmt.Errorf("the earlier checkpoint: %w", err)
		}
		fmt.Printf("the journal of %d entries is a prefix of that of %d\n", size, checked.checkpoint.Size)
	}
	if clip != "" {
		digest, err := clipDigest(clip)
		if err != nil {
			return fmt.Errorf("the file: %w", err)
		}
		if digest != checked.stored.Digest {
			return errors.New("the file: its bytes are not those that were stored")
		}
		fmt.Printf("the file is, bit for bit, what was sealed: %d bytes\n", digest.Length)
	}
	return nil
}

// strictJSON reads one value that has no fields but those of the type.
func strictJSON(text string, value any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

func readHashes(file string) ([][]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, line := range strings.Fields(string(text)) {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != 32 {
			return nil, errors.New("a line of the consistency proof is no hash")
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
