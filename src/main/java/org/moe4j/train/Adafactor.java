package org.moe4j.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.RowGradient;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Binary;
import org.moe4j.backend.Unary;
import org.moe4j.tensor.IntStorage;
import org.moe4j.tensor.Shape;
import org.moe4j.tensor.Storage;
import org.moe4j.tensor.Strided;

/**
 * Adafactor (Shazeer and Stern 2018, algorithms 4 to 6): the second moments of a matrix are kept as its rows' and its
 * columns' means, so the state is R + C values for R·C weights; of more axes the last two are factored, a vector keeps all.
 * The change's root mean square is held to a threshold, and the step is relative to the weights' (section 8), as in fairseq.
 *
 * <p>A step on a table is the same step on the matrix of its touched rows: their row means, the columns' means, and root
 * mean squares taken over those rows alone.
 */
public final class Adafactor extends Optimizer {
    private final Spec spec;
    private double usedLearningRate;

    Adafactor(Backend on, List<Parameter> parameters, Spec spec) {
        super(on, parameters, spec);
        this.spec = spec;
    }

    /** The learning rate of the parameter that was updated last: with relative steps each has its own. */
    public double usedLearningRate() {
        return usedLearningRate;
    }

    @Override
    void update(Slot slot, double learningRate) {
        Parameter p = slot.parameter();
        Map<String, Storage> state = new LinkedHashMap<>();
        if (!p.isTable()) {
            slot.state().forEach((name, value) -> state.put(name, value.data()));
            updateWhole(new Run(p.data(), p.dData(), state), p.shape(), learningRate);
            return;
        }
        RowGradient g = p.rowGrad();
        IntStorage rows = g.rows().slice(0, g.count());                             // means are taken over these
        slot.state().forEach((name, value) -> state.put(name, name.equals("columns") ? value.data() : rowsOf(value.data(), width(name, g), rows)));
        Storage weights = rowsOf(p.data(), g.width(), rows);
        Shape shape = Shape.of(rows.length(), g.width());
        updateWhole(new Run(weights, g.values().slice(0, shape.size()), state), shape, learningRate);
        putRows(weights, g.width(), rows, rounding(p, 0), p.data());
        int kept = 0;
        for (Map.Entry<String, Storage> values : state.entrySet()) {
            kept++;
            if (!values.getKey().equals("columns")) {
                putRows(values.getValue(), width(values.getKey(), g), rows, rounding(p, kept), slot.state(values.getKey()));
            }
        }
    }

    private static int width(String name, RowGradient g) {
        return name.equals("rows") ? 1 : g.width();
    }

    /** The gradient becomes the change on the way. */
    private void updateWhole(Run run, Shape shape, double learningRate) {
        Storage p = run.p();
        Storage g = run.g();
        double rate = rate(p, learningRate);
        double beta2 = Math.min(spec.mostBeta2(), 1 - Math.pow(steps(), -spec.decayExponent()));
        Storage squares = arena.take(g.size());
        on.unary(Unary.SQUARE, g, squares);
        if (factored(shape)) {
            divideByFactoredRoot(g, squares, run.state("rows"), run.state("columns"), shape, beta2);
        } else {
            Storage v = run.state("v");
            average(beta2, squares, 1, v);
            on.unary(Unary.RSQRT, v, squares);
            Storage y = arena.take(g.size());
            on.copy(g, y);
            binary(Binary.MULTIPLY, y, squares, g);
            arena.give(y);
        }
        arena.give(squares);
        on.scale(rate / Math.max(1, rootMeanSquare(g) / spec.clipThreshold()), g);
        Storage change = g;
        if (spec.beta1() != 0) {
            change = run.state("m");
            on.scale(spec.beta1(), change);
            on.axpy(1 - spec.beta1(), g, change);
        }
        on.scale(1 - spec.weightDecay() * rate, p);
        on.axpy(-1, change, p);
    }

    /** g /= sqrt(V) with V = rows columnsᵀ / mean(rows) for each matrix, after both means have moved towards the squares. */
    private void divideByFactoredRoot(Storage g, Storage squares, Storage rows, Storage columns, Shape shape, double beta2) {
        int r = shape.dim(-2);
        int c = shape.dim(-1);
        int e = Math.toIntExact(shape.size() / Math.max(1, (long) r * c));
        int[] dims = {e, r, c};
        long[] whole = {(long) r * c, c, 1};
        long[] byRow = {r, 1, 0};
        long[] byColumn = {c, 0, 1};
        Storage rowSums = arena.takeZero(rows.size());
        Storage columnSums = arena.takeZero(columns.size());
        Storage total = arena.takeZero(e);
        on.move(dims, strided(squares, whole), strided(rowSums, byRow), true);
        on.move(dims, strided(squares, whole), strided(columnSums, byColumn), true);
        average(beta2, rowSums, c, rows);
        average(beta2, columnSums, r, columns);
        on.move(new int[] {e, r}, strided(rows, r, 1), strided(total, 1, 0), true);
        on.scale(1.0 / r, total);
        on.binary(Binary.DIVIDE, new int[] {e, r}, strided(rows, r, 1), strided(total, 1, 0), rowSums);
        Storage rowFactors = arena.take(rows.size());
        on.unary(Unary.RSQRT, rowSums, rowFactors);
        on.unary(Unary.RSQRT, columns, columnSums);
        on.binary(Binary.MULTIPLY, dims, strided(g, whole), strided(rowFactors, byRow), squares);
        on.binary(Binary.MULTIPLY, dims, strided(squares, whole), strided(columnSums, byColumn), g);
        List.of(rowSums, columnSums, total, rowFactors).forEach(arena::give);
    }

    /** mean = beta2 mean + (1-beta2) (sums / count + eps1); {@code sums} is used up. */
    private void average(double beta2, Storage sums, int count, Storage mean) {
        Storage y = arena.take(sums.size());
        on.unary(Unary.affine(1.0 / count, spec.eps1()), sums, y);
        on.scale(beta2, mean);
        on.axpy(1 - beta2, y, mean);
        arena.give(y);
    }

    /** alpha_t = max(eps2, RMS(p)) rho_t (section 8); a fixed rate takes rho_t's place, and either factor may be off. */
    private double rate(Storage p, double learningRate) {
        double rho = learningRate;
        if (spec.relativeStep()) {
            rho = Math.min(spec.warmupInit() ? 1e-6 * steps() : 1e-2, 1 / Math.sqrt(steps()));
        }
        usedLearningRate = spec.scaleParameter() ? rho * Math.max(spec.eps2(), rootMeanSquare(p)) : rho;
        return usedLearningRate;
    }

    private double rootMeanSquare(Storage x) {
        return Math.sqrt(on.sumOfSquares(x) / x.size());
    }

    private static boolean factored(Shape shape) {
        return shape.rank() >= 2;
    }

    private static Strided strided(Storage x, long... strides) {
        return new Strided(x, 0, strides);
    }

    /**
     * @param relativeStep whether the learning rate is min(1e-2, 1/sqrt(t)), and the schedule's is ignored; true by default
     * @param scaleParameter whether the learning rate is times the weights' root mean square; true by default
     * @param warmupInit whether the relative step starts from 1e-6 t; false by default
     * @param eps1 added to squared gradients, 1e-30 by default
     * @param eps2 the least root mean square of weights to scale by, 1e-3 by default
     * @param clipThreshold the most root mean square of a change before the learning rate, 1 by default
     * @param decayExponent c in beta2 = 1 - t^-c, 0.8 by default
     * @param mostBeta2 beta2 rises no higher; 1 by default, 0.99 in GLaM
     * @param beta1 decay of the changes' mean; 0, by default, keeps none
     * @param weightDecay p shrinks by learning rate · weightDecay of itself; 0 by default
     */
    public record Spec(Boolean relativeStep, Boolean scaleParameter, Boolean warmupInit, Double eps1, Double eps2, Double clipThreshold,
                       Double decayExponent, Double mostBeta2, Double beta1, Double weightDecay) implements OptimizerSpec {
        public Spec {
            relativeStep = relativeStep == null || relativeStep;
            scaleParameter = scaleParameter == null || scaleParameter;
            warmupInit = warmupInit != null && warmupInit;
            eps1 = OptimizerSpec.within("eps1", eps1, 1e-30, 0, Double.POSITIVE_INFINITY);
            eps2 = OptimizerSpec.within("eps2", eps2, 1e-3, 0, Double.POSITIVE_INFINITY);
            clipThreshold = OptimizerSpec.within("clipThreshold", clipThreshold, 1, Double.MIN_NORMAL, Double.POSITIVE_INFINITY);
            decayExponent = OptimizerSpec.within("decayExponent", decayExponent, 0.8, 0, Double.POSITIVE_INFINITY);
            mostBeta2 = OptimizerSpec.within("mostBeta2", mostBeta2, 1, 0, Math.nextUp(1.0));
            beta1 = OptimizerSpec.within("beta1", beta1, 0, 0, 1);
            weightDecay = OptimizerSpec.within("weightDecay", weightDecay, 0, 0, Double.POSITIVE_INFINITY);
        }

        /** The paper's. */
        public Spec() {
            this(null, null, null, null, null, null, null, null, null, null);
        }

        /** Steps of the schedule's learning rate, not scaled by the weights. */
        public static Spec external() {
            return new Spec(false, false, null, null, null, null, null, null, null, null);
        }

        @Override
        public Optimizer build(Backend on, List<Parameter> parameters) {
            return new Adafactor(on, parameters, this);
        }

        @Override
        public SequencedMap<String, Shape> state(Shape parameter) {
            SequencedMap<String, Shape> state = new LinkedHashMap<>();
            if (factored(parameter)) {
                int[] leading = java.util.Arrays.copyOf(parameter.dims(), parameter.rank() - 1);
                state.put("rows", Shape.of(leading));
                leading[leading.length - 1] = parameter.columns();
                state.put("columns", Shape.of(leading));
            } else {
                state.put("v", parameter);
            }
            if (beta1 != 0) {
                state.put("m", parameter);
            }
            return state;
        }
    }
}
