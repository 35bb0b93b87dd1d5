package org.moe4j.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.experts.Balance;
import org.moe4j.experts.ExpertsSpec;
import org.moe4j.experts.FeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.ProductKeyRouter;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.SingleNeuronExperts;
import org.moe4j.experts.StoredMlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.nn.TableValues;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Tensor;
import org.moe4j.train.Adam;
import org.moe4j.train.Gradients;
import org.moe4j.train.Optimizer;

/**
 * One mixture over T tokens: forward; with the gradients of its input and weights (pass=gradient); and with Adam, on the touched rows of tables
 * only (pass=update). Six inputs in turn, so that each run finds other rows of a table.
 */
final class LayerWork implements Work {
    private static final int INPUTS = 6;
    private static final double LEARNING_RATE = 1e-12; // so small that repeating the step does not change what is retrieved

    private final Backend on;
    private final FeedForward layer;
    private final List<Parameter> inputs = new ArrayList<>();
    private final Tensor cotangent;
    private final Storage first; // of the output: what is left of a run
    private final boolean gradient;
    private final Optimizer optimizer; // null for none
    private final Arena arena;
    private final Pass pass;
    private final double slotBytes; // of the rows of one table that a forward pass reads; 0 without tables
    private double flops;
    private double touchedBytes; // of the different rows, all tables together, for the first input: counting waits for a device
    private int turn;

    private LayerWork(Size size, Backend on, FeedForwardSpec spec, double slotBytes) {
        this.on = on;
        this.slotBytes = slotBytes;
        int dim = size.number("dim");
        int tokens = size.number("tokens");
        layer = spec.build(dim, new Init(on, 1));
        for (int i = 0; i < INPUTS; i++) {
            inputs.add(new Parameter("x", Parameter.Kind.WEIGHT, new Tensor(Shape.of(tokens, dim), Numbers.normals(on, (long) tokens * dim, "x" + i))));
        }
        cotangent = new Tensor(Shape.of(tokens, dim), Numbers.normals(on, (long) tokens * dim, "dy"));
        first = on.allocate(1);
        String pass = size.word("pass");
        gradient = !pass.equals("forward");
        optimizer = pass.equals("update") ? new Adam.Spec().build(on, layer.parameters()) : null;
        arena = new Arena(on);
        this.pass = Pass.training(1, tokens, 1, 0).withTokens(IntStream.range(0, tokens).toArray());
    }

    /** A PEER layer as its public PyTorch code has it: sub-keys of each head, softmax over the chosen, no normalisation of queries. */
    static LayerWork peer(Size size, Backend on) {
        int heads = size.number("heads");
        int chosen = size.number("topk");
        int dim = size.number("dim");
        TableValues table = table(size);
        return new LayerWork(size, on, peerLayer(size.number("experts"), heads, chosen, dim, table),
            (double) on.bytesPerValue(table.type()) * size.number("tokens") * heads * chosen * dim);
    }

    /** What the tables of a size are kept as: float32 unless it says so, as PyTorch's are whatever it says. */
    static TableValues table(Size size) {
        return TableValues.valueOf(size.values().getOrDefault("table", "float32").toUpperCase(Locale.ROOT));
    }

    static FeedForwardSpec peerLayer(int experts, int heads, int chosen, int dim, TableValues table) {
        return new MixtureOfExperts.Spec(new ProductKeyRouter.Spec(experts, heads, chosen, dim, false, ProductKeyRouter.Norm.NONE,
            ProductKeyRouter.Scores.SOFTMAX, false), new SingleNeuronExperts.Spec(Activation.GELU, table));
    }

    /** GELU experts, gates that sum to 1, no balance loss. */
    static LayerWork mixture(Size size, Backend on) {
        return new LayerWork(size, on, mixtureLayer(size.number("experts"), size.number("topk"), size.number("hidden")), 0);
    }

    static FeedForwardSpec mixtureLayer(int experts, int chosen, int hidden) {
        return new MixtureOfExperts.Spec(new TopKRouter.Spec(experts, chosen, 1, Balance.MEAN_CHOICE, 0, 0),
            new MlpExperts.Spec(hidden, Activation.GELU, false));
    }

    /** Each token has an expert of its own or nearly so; the bank lies in files or in memory, where every expert is updated in every step. */
    static LayerWork stored(Size size, Backend on) {
        int hidden = size.number("hidden");
        ExpertsSpec bank = size.word("place").equals("files") ? new StoredMlpExperts.Spec(hidden, Activation.GELU, "")
            : new MlpExperts.Spec(hidden, Activation.GELU, false);
        return new LayerWork(size, on, new MixtureOfExperts.Spec(new RandomRouter.Spec(List.of(size.number("experts"))), bank), 0);
    }

    @Override
    public Object run() {
        Parameter x = inputs.get(turn++ % INPUTS);
        try (Tape t = new Tape(on, arena, gradient)) {
            Variable y = layer.forward(t, x, pass).y();
            on.copy(y.data().slice(0, 1), first);
            flops = gradient ? t.cost().trainingFlops() : t.cost().flops();
            if (gradient) {
                t.backward(y, cotangent);
            }
        }
        if (turn == 1) {
            touchedBytes = layer.parameters().stream().filter(p -> p.rowGrad() != null)
                .mapToDouble(p -> (double) on.bytesPerValue(p.data().type()) * Arrays.stream(p.rowGrad().rows().toArray()).filter(row -> row >= 0).count() * p.rowGrad().width()).sum();
        }
        if (optimizer != null) {
            optimizer.step(LEARNING_RATE);
        }
        if (gradient) {
            Gradients.clear(on, layer.parameters());
            x.clearGrad(on);
        }
        return first;
    }

    /**
     * Forward reads a row of each of two tables for each slot, backward the same again. Gradients of rows are not written: they stay sums of
     * products until Adam, where it follows, reads and writes weight and both moments of each different row.
     */
    @Override
    public Demand demand() {
        double read = 2 * slotBytes * (gradient ? 2 : 1);
        return new Demand(flops, 0, 0, read + (optimizer == null ? 0 : 6 * touchedBytes));
    }
}
