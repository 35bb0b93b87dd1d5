package org.moe4j.golden;

import java.util.HashMap;
import java.util.Map;

import org.moe4j.nn.GruCell;
import org.moe4j.nn.Lstm;
import org.moe4j.nn.LstmCell;

/** LSTM and GRU cells and stacks of them. */
final class RecurrentCases {
    private RecurrentCases() {}

    static void lstm(GoldenCase c, Bench bench) {
        int layers = c.tensor("in.c0").shape().dim(0);
        int hidden = c.tensor("in.c0").shape().columns();
        int projection = c.has("w.weight_hr_l0") ? c.tensor("in.h0").shape().columns() : 0;
        Lstm lstm = new Lstm(c.tensor("in.x").shape().columns(), hidden, layers, projection, true, bench.init());
        Map<String, Layout> weights = new HashMap<>();
        for (int l = 0; l < layers; l++) {
            weights.putAll(cell(bench, "layers." + l + ".", "w.", "_l" + l));
            if (projection > 0) {
                weights.put("layers." + l + ".projection.weight", bench.at("w.weight_hr_l" + l));
            }
        }
        bench.load(lstm, weights);
        Lstm.Result result = lstm.forward(bench.tape(), bench.leaf("in.x"), new LstmCell.State(bench.leaf("in.h0"), bench.leaf("in.c0")));
        bench.out("y", result.y());
        bench.out("hn", result.last().h());
        bench.out("cn", result.last().c());
    }

    static void lstmCell(GoldenCase c, Bench bench) {
        LstmCell cell = new LstmCell(c.tensor("in.x").shape().columns(), c.tensor("in.c").shape().columns(), 0, true, bench.init());
        bench.load(cell, cell(bench, "", "w.", ""));
        LstmCell.State state = cell.forward(bench.tape(), bench.leaf("in.x"), new LstmCell.State(bench.leaf("in.h"), bench.leaf("in.c")));
        bench.out("h", state.h());
        bench.out("c", state.c());
    }

    static void gruCell(GoldenCase c, Bench bench) {
        GruCell cell = new GruCell(c.tensor("in.x").shape().columns(), c.tensor("in.h").shape().columns(), bench.init());
        bench.load(cell, cell(bench, "", "w.", ""));
        bench.out("h", cell.forward(bench.tape(), bench.leaf("in.x"), bench.leaf("in.h")));
    }

    /** Where the weights of one cell stand in the case. */
    static Map<String, Layout> cell(Bench bench, String ours, String theirs, String suffix) {
        return Map.of(
            ours + "input.weight", bench.at(theirs + "weight_ih" + suffix), ours + "input.bias", bench.at(theirs + "bias_ih" + suffix),
            ours + "recurrent.weight", bench.at(theirs + "weight_hh" + suffix), ours + "recurrent.bias", bench.at(theirs + "bias_hh" + suffix));
    }
}
