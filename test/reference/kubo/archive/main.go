// Reads an archive and its index with go-car, which has nothing of ours: every block against its CID, every block by the index,
// and the index against the one that go-car makes of the file.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	car "github.com/ipld/go-car/v2"
	"github.com/ipld/go-car/v2/blockstore"
	"github.com/ipld/go-car/v2/index"
	"github.com/multiformats/go-multicodec"
)

func main() {
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(path string) error {
	archive, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	ours, err := os.ReadFile(path + ".idx")
	if err != nil {
		return err
	}
	read, err := index.ReadFrom(bytes.NewReader(ours))
	if err != nil {
		return fmt.Errorf("the index: %w", err)
	}
	made, err := car.GenerateIndex(bytes.NewReader(archive), car.UseIndexCodec(multicodec.CarMultihashIndexSorted))
	if err != nil {
		return err
	}
	var theirs bytes.Buffer
	if _, err := index.WriteTo(made, &theirs); err != nil {
		return err
	}
	if !bytes.Equal(theirs.Bytes(), ours) {
		return errors.New("go-car makes another index of this file")
	}
	byIndex, err := blockstore.NewReadOnly(bytes.NewReader(archive), read)
	if err != nil {
		return err
	}
	// Compares each block with its CID.
	reader, err := car.NewBlockReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	blocks := 0
	for {
		block, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("block %d: %w", blocks, err)
		}
		found, err := byIndex.Get(context.Background(), block.Cid())
		if err != nil {
			return fmt.Errorf("%s by the index: %w", block.Cid(), err)
		}
		if !bytes.Equal(found.RawData(), block.RawData()) {
			return fmt.Errorf("%s: the index leads to other bytes", block.Cid())
		}
		blocks++
	}
	fmt.Printf("%d\t%s\n", blocks, reader.Roots[0])
	return nil
}
