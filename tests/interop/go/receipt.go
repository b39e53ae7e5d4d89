package main

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	mproof "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type receipt struct {
	Format      string `json:"format"`
	Suite       int    `json:"suite"`
	Certificate string `json:"certificate"`
	Entry       string `json:"entry"`
	Proof       string `json:"proof"`
	Stored      string `json:"stored"`
}

type certificate struct {
	Suite      int    `json:"suite"`
	Terminal   string `json:"terminal"`
	Epoch      int    `json:"epoch"`
	JournalKey string `json:"journal_key"`
	Model      string `json:"model"`
	TimeMS     int64  `json:"time_ms"`
}

type entry struct {
	Suite    int    `json:"suite"`
	Seq      uint64 `json:"seq"`
	TimeMS   int64  `json:"time_ms"`
	Clock    string `json:"clock"`
	Terminal string `json:"terminal"`
	Officer  string `json:"officer"`
	Duty     string `json:"duty"`
	Kind     string `json:"kind"`
	Body     struct {
		Clip       string `json:"clip"`
		Recording  string `json:"recording"`
		Media      string `json:"media"`
		Case       string `json:"case"`
		BeganMS    int64  `json:"began_ms"`
		EndedMS    int64  `json:"ended_ms"`
		DurationUS int64  `json:"duration_us"`
		Fragments  int    `json:"fragments"`
		Digest     digest `json:"digest"`
		Recovered  bool   `json:"recovered"`
	} `json:"body"`
}

type stored struct {
	Suite     int    `json:"suite"`
	Clip      string `json:"clip"`
	Terminal  string `json:"terminal"`
	Epoch     int    `json:"epoch"`
	Digest    digest `json:"digest"`
	Entry     uint64 `json:"entry"`
	EntryHash string `json:"entry_hash"`
	TimeMS    int64  `json:"time_ms"`
}

// verified is what a receipt says once all of it has verified.
type verified struct {
	certificate certificate
	stored      stored
	checkpoint  log.Checkpoint
	cosigned    uint64
}

// openReceipt checks every signature and proof of a receipt, and that its parts belong together.
func openReceipt(text []byte, agency *trustSet) (*verified, error) {
	var r receipt
	if err := strictJSON(string(text), &r); err != nil {
		return nil, err
	}
	if r.Format != "custos-receipt/1" || r.Suite != 1 {
		return nil, errors.New("not a receipt of this version")
	}
	var v verified
	if err := openStatement(r.Certificate, agency.Registrar, "custos.certificate/v1", &v.certificate); err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	if err := openStatement(r.Stored, agency.Storage, "custos.stored/v1", &v.stored); err != nil {
		return nil, fmt.Errorf("stored: %w", err)
	}
	var e entry
	if err := strictJSON(r.Entry, &e); err != nil {
		return nil, fmt.Errorf("the entry: %w", err)
	}

	var p proof.TLogProof
	if err := p.Unmarshal([]byte(r.Proof)); err != nil {
		return nil, err
	}
	if string(p.Marshal()) != r.Proof || p.ExtraData != nil {
		return nil, errors.New("the tlog-proof is not in its canonical form")
	}
	if err := v.openCheckpoint(p.Checkpoint, agency); err != nil {
		return nil, fmt.Errorf("the checkpoint: %w", err)
	}
	if err := checkInclusion(&p, []byte(r.Entry), &v.checkpoint); err != nil {
		return nil, fmt.Errorf("inclusion: %w", err)
	}

	leaf := base64.StdEncoding.EncodeToString(rfc6962.DefaultHasher.HashLeaf([]byte(r.Entry)))
	switch {
	case v.certificate.Suite != 1 || e.Suite != 1 || v.stored.Suite != 1:
		return nil, errors.New("another suite")
	case e.Kind != "sealed":
		return nil, errors.New("the entry does not seal")
	case v.certificate.Terminal != e.Terminal || e.Terminal != v.stored.Terminal:
		return nil, errors.New("different terminals")
	case v.certificate.Epoch != v.stored.Epoch:
		return nil, errors.New("different enrolments")
	case e.Seq != p.Index || v.stored.Entry != p.Index || v.stored.EntryHash != leaf:
		return nil, errors.New("different entries")
	case e.Body.Clip != v.stored.Clip:
		return nil, errors.New("different clips")
	case e.Body.Digest != v.stored.Digest:
		return nil, errors.New("different digests")
	}
	return &v, nil
}

func openStatement(text string, keys []string, kind string, value any) error {
	opened, err := openNote(text, keys)
	if err != nil {
		return err
	}
	return readStatement(opened.Text, kind, value)
}

// openCheckpoint verifies the journal's signature and a witness's cosignature.
func (v *verified) openCheckpoint(text []byte, agency *trustSet) error {
	origin := fmt.Sprintf("%s/terminal/%s/%d", agency.Agency, v.certificate.Terminal, v.certificate.Epoch)
	checkpoint, cosigned, err := openCosigned(text, origin, v.certificate.JournalKey, agency)
	if err != nil {
		return err
	}
	v.checkpoint, v.cosigned = *checkpoint, cosigned
	return nil
}

func openCosigned(text []byte, origin, journalKey string, agency *trustSet) (*log.Checkpoint, uint64, error) {
	journal, err := note.NewVerifier(journalKey)
	if err != nil {
		return nil, 0, err
	}
	cosigners, err := witnesses(agency)
	if err != nil {
		return nil, 0, err
	}
	checkpoint, rest, opened, err := log.ParseCheckpoint(text, origin, journal, cosigners...)
	if err != nil {
		return nil, 0, err
	}
	if len(rest) != 0 || len(opened.UnverifiedSigs) != 0 {
		return nil, 0, errors.New("more in it than a journal and its witness sign")
	}
	for _, line := range opened.Sigs {
		for _, cosigner := range cosigners {
			if line.Name == cosigner.Name() && line.Hash == cosigner.KeyHash() {
				at, err := fnote.CoSigV1Timestamp(line)
				if err != nil {
					return nil, 0, err
				}
				return checkpoint, uint64(at.Unix()), nil
			}
		}
	}
	return nil, 0, errors.New("no cosignature by the agency's witness")
}

// checkInclusion asks two libraries.
func checkInclusion(p *proof.TLogProof, raw []byte, checkpoint *log.Checkpoint) error {
	var record tlog.RecordProof
	var path [][]byte
	for _, hash := range p.Hashes {
		record = append(record, tlog.Hash(hash))
		path = append(path, hash[:])
	}
	var root tlog.Hash
	copy(root[:], checkpoint.Hash)
	if err := tlog.CheckRecord(record, int64(checkpoint.Size), root, int64(p.Index), tlog.RecordHash(raw)); err != nil {
		return err
	}
	hasher := rfc6962.DefaultHasher
	return mproof.VerifyInclusion(hasher, p.Index, checkpoint.Size, hasher.HashLeaf(raw), path, checkpoint.Hash)
}

// checkConsistency shows the receipt's journal to extend an earlier one; it gives the earlier size.
func checkConsistency(old []byte, path [][]byte, v *verified, agency *trustSet) (uint64, error) {
	earlier, _, err := openCosigned(old, v.checkpoint.Origin, v.certificate.JournalKey, agency)
	if err != nil {
		return 0, err
	}
	var tree tlog.TreeProof
	for _, hash := range path {
		tree = append(tree, tlog.Hash(hash))
	}
	var from, to tlog.Hash
	copy(from[:], earlier.Hash)
	copy(to[:], v.checkpoint.Hash)
	if err := tlog.CheckTree(tree, int64(v.checkpoint.Size), to, int64(earlier.Size), from); err != nil {
		return 0, err
	}
	err = mproof.VerifyConsistency(rfc6962.DefaultHasher, earlier.Size, v.checkpoint.Size, path, earlier.Hash, v.checkpoint.Hash)
	return earlier.Size, err
}
