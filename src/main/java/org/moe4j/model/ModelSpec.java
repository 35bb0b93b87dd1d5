package org.moe4j.model;

import java.util.List;
import java.util.stream.Stream;

import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MemoryPlusFeedForward;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.io.Differences;
import org.moe4j.nn.Init;

/**
 * A language model as a value: what it takes to build one, and what it costs without building it. Implemented by a record {@code Spec}
 * inside the model's file, with a constructor without arguments: the kind at a size that runs in a test.
 */
public interface ModelSpec {
    /** The kinds of model: "transformer", "recurrent", ... */
    SpecCatalog<ModelSpec> CATALOG = SpecCatalog.of(ModelSpec.class, "model", "Model");

    /** V, the number of tokens. */
    int vocabulary();

    /** D, the model width. */
    int dim();

    /** T, the longest sequence it is trained on. */
    int sequence();

    /** The feed-forward layers, from the first to the last. */
    List<FeedForwardSpec> feedForwards();

    /** The routers of their banks of experts, from the first layer that has one to the last. */
    default Stream<RouterSpec> routers() {
        return feedForwards().stream().flatMap(layer -> switch (layer) {
            case MixtureOfExperts.Spec mixture -> Stream.of(mixture.router());
            case MemoryPlusFeedForward.Spec memory -> Stream.of(memory.router());
            default -> Stream.empty();
        });
    }

    /** In what another model differs: the kind, or else the fields of the specs; empty if it is the same. */
    default String differences(ModelSpec other) {
        return getClass() == other.getClass() ? String.join(", ", Differences.between((Record) this, (Record) other, List.of()))
            : "kind (" + CATALOG.nameOf(this) + " and " + CATALOG.nameOf(other) + ")";
    }

    LanguageModel build(Init init);

    /** What it is made of and what that costs for a batch of {@code batch} sequences of {@code time} tokens, from input to output. */
    List<Part> parts(int batch, int time);

    /** The same architecture, no larger than {@code size}: hidden widths shrink as the model width does, layers and experts get fewer. */
    ModelSpec resized(Size size);
}
