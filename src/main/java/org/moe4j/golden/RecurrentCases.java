package org.moe4j.golden;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
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
        Lstm lstm = new Lstm(c.tensor("in.x").shape().columns(), hidden, layers, projection, c.has("w.bias_ih_l0"), bench.init());
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
        LstmCell cell = new LstmCell(c.tensor("in.x").shape().columns(), c.tensor("in.c").shape().columns(), 0, c.has("w.bias_ih"), bench.init());
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

    /** Layers of cells over x (T,B,I), from the states h0 (layers,B,H). */
    static void gru(GoldenCase c, Bench bench) {
        Tape t = bench.tape();
        Variable h0 = bench.leaf("in.h0");
        int hidden = h0.shape().columns();
        Variable x = bench.leaf("in.x");
        List<Variable> steps = new ArrayList<>(IntStream.range(0, x.shape().dim(0)).mapToObj(i -> row(t, x, i)).toList());
        List<Variable> last = new ArrayList<>();
        for (int l = 0; l < h0.shape().dim(0); l++) {
            GruCell cell = new GruCell(steps.getFirst().shape().columns(), hidden, bench.init());
            bench.load(cell, cell(bench, "", "w.", "_l" + l));
            Variable h = row(t, h0, l);
            for (int i = 0; i < steps.size(); i++) {
                h = cell.forward(t, steps.get(i), h);
                steps.set(i, h);
            }
            last.add(h);
        }
        bench.out("y", t.stack(0, steps));
        bench.out("hn", t.stack(0, last));
    }

    private static Variable row(Tape t, Variable x, int i) {
        return t.reshape(t.slice(x, 0, i, i + 1), x.shape().dim(1), x.shape().dim(2));
    }

    /** Where the weights of one cell stand in the case, which may lack biases. */
    static Map<String, Layout> cell(Bench bench, String ours, String theirs, String suffix) {
        Map<String, Layout> weights = new HashMap<>();
        for (String[] part : new String[][] {{"input", "ih"}, {"recurrent", "hh"}}) {
            weights.put(ours + part[0] + ".weight", bench.at(theirs + "weight_" + part[1] + suffix));
            bench.atIfPresent(theirs + "bias_" + part[1] + suffix).ifPresent(bias -> weights.put(ours + part[0] + ".bias", bias));
        }
        return weights;
    }
}
