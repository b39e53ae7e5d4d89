package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"os"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// digest is what an evidence file is known by.
type digest struct {
	Root   string `json:"root"`
	Length int64  `json:"length"`
	Chunks int64  `json:"chunks"`
}

// clipDigest reads an age file: leaf 0 is the SHA-256 of its header with the payload nonce, every
// further leaf that of a chunk of 65,552 bytes, the last one shorter.
func clipDigest(name string) (digest, error) {
	file, err := os.Open(name)
	if err != nil {
		return digest{}, err
	}
	defer file.Close()
	reader := bufio.NewReaderSize(file, 1<<16)
	var header []byte
	for done := false; !done; {
		line, err := reader.ReadBytes('\n')
		if err != nil {
			return digest{}, errors.New("not an age file")
		}
		done = bytes.HasPrefix(line, []byte("---"))
		header = append(header, line...)
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(reader, nonce); err != nil {
		return digest{}, err
	}
	part, length := append(header, nonce...), int64(0)
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for chunk := make([]byte, 65552); len(part) > 0; {
		length += int64(len(part))
		sum := sha256.Sum256(part)
		if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(sum[:]), nil); err != nil {
			return digest{}, err
		}
		n, err := io.ReadFull(reader, chunk)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return digest{}, err
		}
		part = chunk[:n]
	}
	root, err := tree.GetRootHash(nil)
	return digest{base64.StdEncoding.EncodeToString(root), length, int64(tree.End()) - 1}, err
}
