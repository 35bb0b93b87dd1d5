package org.moe4j.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Parameter;
import org.moe4j.autodiff.Tape;
import org.moe4j.autodiff.Variable;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Pass;
import org.moe4j.tensor.Storage;

/**
 * One step: batch, forward, loss, backward, clipping, optimizer. Each part of an accumulated batch has a tape of its own, and
 * its gradients count by its share of the batch. A step whose loss or gradient is not finite leaves weights, optimizer and
 * buffers as they were; a frozen buffer stays so after every step.
 */
final class TrainStep {
    private static final String LOSS = "cross-entropy";
    private static final String TOTAL = "total";

    private final Backend on;
    private final Arena arena;
    private final LanguageModel model;
    private final TrainingSpec spec;
    private final List<Parameter> trained;
    private final Optimizer optimizer;
    private final StepValues values;
    private final Map<Parameter, Storage> buffersBefore = new LinkedHashMap<>();

    /**
     * @param auxiliary by name, the mean over layers and parts
     * @param gradientNorm of what is trained
     */
    record Result(double loss, Map<String, Double> auxiliary, double gradientNorm, List<RoutingStatistics> loads, boolean skipped) {}

    TrainStep(Backend on, Arena arena, LanguageModel model, TrainingSpec spec, List<Parameter> trained, Optimizer optimizer) {
        this.on = on;
        this.arena = arena;
        this.model = model;
        this.spec = spec;
        this.trained = trained;
        this.optimizer = optimizer;
        values = new StepValues(on);
        for (Parameter p : model.parameters()) {
            if (p.kind() == Parameter.Kind.BUFFER) {
                buffersBefore.put(p, on.allocate(p.shape().size()));
            }
        }
    }

    /** @param step from 0: decides the noise of the forward pass and the learning rate */
    Result run(long step, Batch batch, boolean wantLoads) {
        buffersBefore.forEach((p, kept) -> on.copy(p.data(), kept));
        int parts = spec.gradientAccumulation();
        List<RoutingStatistics> loads = new ArrayList<>();
        for (int part = 0; part < parts; part++) {
            Batch piece = piece(batch, part, parts);
            try (Tape t = new Tape(on, arena)) {
                Pass pass = Pass.training(piece.batch(), piece.time(), spec.seed(), step * parts + part).withDomains(piece.domains());
                LanguageModel.Output output = model.forward(t, piece.tokens(), pass);
                Variable crossEntropy = output.crossEntropy(t, piece.targets());
                Variable total = output.total(t, crossEntropy);
                t.backward(parts == 1 ? total : t.scale(total, 1.0 / parts));
                values.add(LOSS, crossEntropy.data());
                values.add(TOTAL, total.data());
                output.losses().forEach(auxiliary -> values.add(auxiliary.name(), auxiliary.value().data()));
                if (wantLoads) {
                    Evaluation.addLoads(loads, output);
                }
            }
        }
        Result result = result(Gradients.norm(on, trained), List.copyOf(loads), parts);
        if (!result.skipped()) {
            update(result.gradientNorm(), spec.learningRate(step));
        }
        buffersBefore.forEach((p, kept) -> {
            if (result.skipped() || !trained.contains(p)) {
                on.copy(kept, p.data());
            }
        });
        Gradients.clear(on, model.parameters());
        return result;
    }

    /** Reads what was put aside; the gradients' norm has waited for the device. */
    private Result result(double norm, List<RoutingStatistics> loads, int parts) {
        double loss = 0;
        boolean finite = Double.isFinite(norm);
        Map<String, double[]> auxiliary = new LinkedHashMap<>();
        for (StepValues.Named value : values.take()) {
            switch (value.name()) {
                case LOSS -> loss += value.value() / parts;
                case TOTAL -> finite &= Double.isFinite(value.value());
                default -> {
                    double[] sum = auxiliary.computeIfAbsent(value.name(), _ -> new double[2]);
                    sum[0] += value.value();
                    sum[1]++;
                }
            }
        }
        return new Result(loss, means(auxiliary), finite ? norm : Double.NaN, loads, !finite);
    }

    private void update(double norm, double learningRate) {
        if (spec.clipNorm() != null) {
            Gradients.clipNorm(on, trained, norm, spec.clipNorm());
        }
        if (spec.clipValue() != null) {
            Gradients.clipValue(on, trained, spec.clipValue());
        }
        optimizer.step(learningRate);
    }

    /** Sequences number part·B/parts and on, as a batch. */
    private static Batch piece(Batch batch, int part, int parts) {
        if (parts == 1) {
            return batch;
        }
        int sequences = batch.batch() / parts;
        int from = part * sequences;
        int to = from + sequences;
        int time = batch.time();
        return new Batch(sequences, time, Arrays.copyOfRange(batch.tokens(), from * time, to * time),
            Arrays.copyOfRange(batch.targets(), from * time, to * time), Arrays.copyOfRange(batch.domains(), from, to));
    }

    /** @param sums and counts, by name */
    private static Map<String, Double> means(Map<String, double[]> sums) {
        Map<String, Double> means = new LinkedHashMap<>();
        sums.forEach((name, sum) -> means.put(name, sum[0] / sum[1]));
        return means;
    }
}
