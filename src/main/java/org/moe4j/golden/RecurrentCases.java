package org.moe4j.golden;

/** LSTM and GRU cells and stacks of them. */
final class RecurrentCases {
    private RecurrentCases() {}

    static void lstm(GoldenCase c, Bench bench) {
        throw Verdict.notCovered("the LSTM is missing");
    }

    static void lstmCell(GoldenCase c, Bench bench) {
        throw Verdict.notCovered("the LSTM is missing");
    }

    static void gruCell(GoldenCase c, Bench bench) {
        throw Verdict.notCovered("the GRU is missing");
    }
}
