package org.moe4j.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.ExpertsSpec;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.Routing;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.tensor.CounterRandom;

/** Every feed-forward layer that the catalogs know, for tests of whole models: a new router or bank needs no word here. */
public final class AnyLayer {
    private AnyLayer() {}

    /** Each layer, each router with each bank, and once with shared experts and a norm. */
    public static List<FeedForwardSpec> all() {
        List<FeedForwardSpec> layers = new ArrayList<>(SpecCatalog.FEED_FORWARDS.examples());
        for (RouterSpec router : SpecCatalog.ROUTERS.examples()) {
            for (ExpertsSpec experts : SpecCatalog.EXPERTS.examples()) {
                layers.add(new MixtureOfExperts.Spec(router, experts));
            }
            layers.add(new MixtureOfExperts.Spec(router, SpecCatalog.EXPERTS.example("mlp"), List.of(new DenseFeedForward.Spec()), true));
        }
        return Collections.unmodifiableList(layers);
    }

    /** A model with this layer in both of its blocks. */
    public static Transformer.Spec model(FeedForwardSpec layer) {
        return new Transformer.Spec(7, 4, 5, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true, Repeat.everyBlock(2, layer));
    }

    /** A model whose weights are drawn, also those that start at zero, so that every part has something to do. */
    public static LanguageModel awake(Backend on, ModelSpec spec, long seed) {
        LanguageModel model = spec.build(new Init(on, seed));
        for (Parameter p : model.parameters()) {
            if (p.kind() == Parameter.Kind.WEIGHT && on.sumOfSquares(p.data()) == 0) {
                on.normal(CounterRandom.of(seed, "awake " + p.name()), 0.5, p.data());
            }
        }
        return model;
    }

    /** Tokens or targets below {@code vocabulary}. */
    public static int[] tokens(int vocabulary, int n, long seed) {
        CounterRandom random = CounterRandom.of(seed, "tokens");
        int[] tokens = new int[n];
        for (int i = 0; i < n; i++) {
            tokens[i] = random.below(i, vocabulary);
        }
        return tokens;
    }

    /** Whether every slot of every layer has its expert: no capacity was reached, no choice left unsent. */
    public static boolean isFull(LanguageModel.Output output) {
        for (Routing routing : output.routings()) {
            for (int expert : routing.expert().toArray()) {
                if (expert < 0) {
                    return false;
                }
            }
        }
        return true;
    }
}
