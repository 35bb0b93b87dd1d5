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
import org.moe4j.experts.AuxiliaryLoss;
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
    private final Backend on;
    private final Arena arena;
    private final LanguageModel model;
    private final TrainingSpec spec;
    private final List<Parameter> trained;
    private final Optimizer optimizer;
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
        Map<String, double[]> auxiliary = new LinkedHashMap<>();
        double loss = 0;
        boolean finite = true;
        for (int part = 0; part < parts && finite; part++) {
            Batch piece = piece(batch, part, parts);
            try (Tape t = new Tape(on, arena)) {
                Pass pass = Pass.training(piece.batch(), piece.time(), spec.seed(), step * parts + part).withDomains(piece.domains());
                LanguageModel.Output output = model.forward(t, piece.tokens(), pass);
                Variable crossEntropy = output.crossEntropy(t, piece.targets());
                Variable total = output.total(t, crossEntropy);
                loss += crossEntropy.value().item() / parts;
                finite = Double.isFinite(total.value().item());
                if (finite) {
                    t.backward(parts == 1 ? total : t.scale(total, 1.0 / parts));
                }
                addAuxiliary(auxiliary, output.losses());
                if (wantLoads) {
                    Evaluation.addLoads(loads, output);
                }
            }
        }
        double norm = finite ? Gradients.norm(on, trained) : Double.NaN;
        boolean skipped = !Double.isFinite(norm);
        if (!skipped) {
            update(norm, spec.learningRate(step));
        }
        buffersBefore.forEach((p, kept) -> {
            if (skipped || !trained.contains(p)) {
                on.copy(kept, p.data());
            }
        });
        Gradients.clear(on, model.parameters());
        return new Result(loss, means(auxiliary), norm, List.copyOf(loads), skipped);
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

    /** Sums and counts by name. */
    private static void addAuxiliary(Map<String, double[]> sums, List<AuxiliaryLoss> losses) {
        for (AuxiliaryLoss loss : losses) {
            double[] sum = sums.computeIfAbsent(loss.name(), name -> new double[2]);
            sum[0] += loss.value().value().item();
            sum[1]++;
        }
    }

    private static Map<String, Double> means(Map<String, double[]> sums) {
        Map<String, Double> means = new LinkedHashMap<>();
        sums.forEach((name, sum) -> means.put(name, sum[0] / sum[1]));
        return means;
    }
}
