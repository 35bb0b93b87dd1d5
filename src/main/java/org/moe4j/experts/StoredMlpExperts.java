package org.moe4j.experts;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;

import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.io.InputException;
import org.moe4j.nn.Activation;
import org.moe4j.nn.Init;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;

/**
 * The two-layer networks of {@link MlpExperts} without biases, in files that may be larger than memory: PanGu-Sigma's separation of expert
 * computation and storage (Ren et al. 2023). Each matrix of each expert is a row of a table; a step brings in the rows of the experts that
 * tokens are sent to, computes as {@link MlpExperts} does, and changes these rows and their optimizer state alone. What it costs follows
 * the experts touched, never their number.
 *
 * <p>The first weights are those of {@link MlpExperts} to the last bit. Updates are lazy, as of every table: the moments of an expert
 * without tokens do not decay.
 */
public final class StoredMlpExperts extends Experts {
    private final Activation activation;
    private final int hidden;
    private final Parameter in;                                                   // (E, F·D)
    private final Parameter gate;                                                 // (E, F·D), or null
    private final Parameter out;                                                  // (E, D·F)

    /** Tables, in files or not, whose rows are (F,D), (F,D) and (D,F) matrices; {@code gate} is null unless the activation is gated. */
    public StoredMlpExperts(Activation activation, int hidden, Parameter in, Parameter gate, Parameter out) {
        this.activation = activation;
        this.hidden = hidden;
        this.in = own(in);
        this.gate = gate == null ? null : own(gate);
        this.out = own(out);
    }

    @Override
    public Variable forward(Tape t, Variable x, Routing routing) {
        int dim = x.shape().columns();
        Routing slots = routing.byToken(t);
        Dispatch d = Dispatch.of(t, slots);
        IntStorage touched = IntStorage.of(d.touched());                          // (U)
        IntStorage starts = IntStorage.of(Arrays.stream(d.starts().toArray()).distinct().toArray()); // of experts without rows none
        Variable rows = t.gatherRows(x, d.tokens());                              // (R, D), sorted by expert
        Variable first = fetched(t, in, touched, hidden, dim);
        Variable second = fetched(t, out, touched, dim, hidden);
        Variable y = gate == null ? t.groupedMlp(rows, first, null, activation.function(), second, null, starts)
            : t.groupedGatedMlp(rows, first, null, fetched(t, gate, touched, hidden, dim), null, activation.function(), second, null, starts); // (R, D)
        return t.gatherSum(slots.gates(), y, d.rows(), slots.perToken());         // (T, D)
    }

    /** The matrices of the touched experts, (U, to, from). */
    private static Variable fetched(Tape t, Parameter table, IntStorage touched, int to, int from) {
        return t.reshape(t.gatherRows(table, touched), touched.length(), to, from);
    }

    /**
     * @param hidden F, d_expert
     * @param store the folder of the files; empty for temporary ones, which go with the process. Files that are there are gone on with
     */
    public record Spec(int hidden, Activation activation, String store) implements ExpertsSpec {
        public Spec {
            Require.positive("hidden", hidden);
            try {
                Path.of(store);
            } catch (InvalidPathException wrong) {
                throw new InputException("store is '" + store + "', which is no path: " + wrong.getReason(), wrong);
            }
        }

        /** SwiGLU in temporary files. */
        public Spec() {
            this(6, Activation.SWIGLU, "");
        }

        @Override
        public Experts build(int dim, int experts, Init init) {
            Path folder = store.isEmpty() ? null : Path.of(store);
            Shape shape = Shape.of(experts, Math.multiplyExact(hidden, dim));
            double fanIn = 1 / Math.sqrt(dim);
            return new StoredMlpExperts(activation, hidden, init.stored("in", shape, fanIn, folder),
                activation.gated() ? init.stored("gate", shape, fanIn, folder) : null, init.stored("out", shape, 1 / Math.sqrt(hidden), folder));
        }

        @Override
        public long parametersPerExpert(int dim) {
            return (activation.projections() + 1L) * dim * hidden;
        }

        @Override
        public long flopsPerSlot(int dim) {
            return 2L * (activation.projections() + 1) * dim * hidden + 2L * dim;
        }

        @Override
        public Spec withHidden(int hidden) {
            return new Spec(hidden, activation, store);
        }
    }
}
