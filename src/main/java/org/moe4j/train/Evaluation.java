package org.moe4j.train;

import java.util.ArrayList;
import java.util.List;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.data.Validation;
import org.moe4j.experts.Routing;
import org.moe4j.experts.RoutingRepetition;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.model.LanguageModel;
import org.moe4j.nn.Pass;

/**
 * A model measured on the fixed validation slice, without noise.
 *
 * @param natsPerToken mean cross-entropy over the targets that the model predicts
 * @param bitsPerByte the same loss per byte of text, free of the tokenizer; by the bytes of a token in the whole slice, also where the model
 *        predicts a part of it
 * @param loads who went where in each mixture layer, over the slice
 * @param repetition how often each mixture layer sent neighbours to one expert
 */
public record Evaluation(double natsPerToken, double bitsPerByte, List<RoutingStatistics> loads, List<RoutingRepetition> repetition) {
    public static Evaluation of(Backend on, Arena arena, LanguageModel model, Validation validation) {
        double nats = 0;
        long targets = 0;
        List<RoutingStatistics> loads = new ArrayList<>();
        List<RoutingRepetition> repetition = new ArrayList<>();
        for (Batch batch : validation.batches()) {
            try (Tape t = new Tape(on, arena, false)) {
                Pass pass = Pass.evaluation(batch.batch(), batch.time()).withDomains(batch.domains());
                LanguageModel.Output output = model.forward(t, batch.tokens(), pass);
                long counted = output.counted(batch.targets());
                nats += output.crossEntropy(t, batch.targets()).value().item() * counted;
                targets += counted;
                addLoads(loads, output);
                addRepetition(repetition, output, batch.domains());
            }
        }
        double mean = nats / targets;
        return new Evaluation(mean, validation.bitsPerByte(mean), List.copyOf(loads), List.copyOf(repetition));
    }

    /** Adds the routings of one more batch, layer by layer. */
    static void addLoads(List<RoutingStatistics> loads, LanguageModel.Output output) {
        for (int layer = 0; layer < output.routings().size(); layer++) {
            Routing routing = output.routings().get(layer);
            if (layer == loads.size()) {
                loads.add(new RoutingStatistics(routing.experts()));
            }
            loads.get(layer).add(routing);
        }
    }

    private static void addRepetition(List<RoutingRepetition> repetition, LanguageModel.Output output, int[] domains) {
        for (int layer = 0; layer < output.routings().size(); layer++) {
            Routing routing = output.routings().get(layer);
            if (layer == repetition.size()) {
                repetition.add(new RoutingRepetition(routing.experts()));
            }
            repetition.get(layer).add(routing, domains);
        }
    }
}
