package framelog

import (
	"testing"

	"pylon/internal/kernel/ident"
)

// Place is where the log of a test is.
type Place struct{ Path, URL string }

// with returns the options at that place, of the first node.
func (p Place) with(o Options) Options {
	o.Path, o.URL = p.Path, p.URL
	if p.URL != "" && o.Node == "" {
		o.Node = testNode(1)
	}
	return o
}

func testNode(i int) ident.NodeID { return ident.NodeID("nod_" + string(testStation(i))[4:]) }

// database returns a new place on a database.
type database func(testing.TB) Place

// Contract is what holds on every database.
func Contract(t *testing.T, on func(testing.TB) Place) {
	for _, c := range []struct {
		name string
		test func(*testing.T, database)
	}{
		{"EntriesComeBackAsTheyWere", testEntriesComeBackAsTheyWere},
		{"ManyLongTexts", testManyLongTexts},
		{"RunWritesEverySecondMergesAndPrunes", testRunWritesEverySecondMergesAndPrunes},
		{"AFullBatchIsWrittenAtOnce", testAFullBatchIsWrittenAtOnce},
		{"WhatDoesNotFitGivesWay", testWhatDoesNotFitGivesWay},
		{"ADiskThatFailsIsTriedAgain", testADiskThatFailsIsTriedAgain},
		{"SeqGrowsAcrossRestartsAndClocks", testSeqGrowsAcrossRestartsAndClocks},
		{"Filter", testFilter},
		{"BadCursor", testBadCursor},
		{"PagesWhileTheLogMoves", testPagesWhileTheLogMoves},
		{"ReadersBesideWriters", testReadersBesideWriters},
		{"APageThatSearchesMuchIsShort", testAPageThatSearchesMuchIsShort},
		{"FingerprintsMayCollide", testFingerprintsMayCollide},
		{"ADamagedBlockIsNotSilent", testADamagedBlockIsNotSilent},
		{"MergedBlocksAreCutByStation", testMergedBlocksAreCutByStation},
		{"Prune", testPrune},
		{"PruneBySize", testPruneBySize},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, on) })
	}
}
