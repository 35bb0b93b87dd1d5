package org.moe4j.cli;

import java.util.List;

import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.model.LanguageModel;
import org.moe4j.surgery.Layers;
import picocli.CommandLine.Option;

/** Which layers become mixtures, and what router they get. */
final class NewRouters {
    @Option(names = "--router", paramLabel = "NAME", description = "top-k (default), noisy-top-k, switch, expert-choice, ...")
    private String router = "top-k";

    @Option(names = "--top-k", paramLabel = "K", description = "experts for a token, 2 by default")
    private int topK = 2;

    @Option(names = "--layers", paramLabel = "WHICH", description = "every-other (default), last-half, all, or numbers from 0 such as 1,3")
    private String layers = "every-other";

    RouterSpec of(int experts) {
        return SpecCatalog.ROUTERS.example(router).withExperts(experts, topK);
    }

    List<Integer> layers(LanguageModel model) {
        return Layers.named(layers, model.spec().feedForwards().size());
    }
}
