package org.moe4j.sweep;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.moe4j.tensor.CounterRandom;

/** A sweep that takes a second or two: a made-up text with some structure, and models of a few thousand parameters. */
public final class TinySweep {
    private TinySweep() {}

    /** Sentences of a tiny grammar. */
    public static Path text(Path folder) throws IOException {
        CounterRandom random = CounterRandom.of(7, "text");
        List<String> who = List.of("the cat", "a dog", "my router", "one expert");
        List<String> does = List.of("sees", "follows", "routes", "likes");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 1500; i++) {
            text.append(who.get(random.below(3 * i, 4))).append(' ').append(does.get(random.below(3 * i + 1, 4))).append(' ')
                .append(who.get(random.below(3 * i + 2, 4))).append(".\n");
        }
        return Files.writeString(folder.resolve("tiny.txt"), text);
    }

    /** Four arms of a few steps each. */
    public static SweepSpec spec(Path text) {
        return new SweepSpec("3e7", List.of("dense", "moe", "pkm", "peer"), List.of(1, 4), 4, "top-k", SweepSpec.Place.EVERY, true, 16, 2, 2, 32, 16,
            8, 2, 2, 8, 4, 1e-2, 0.1, List.of(1L), List.of(text.toString()), "bytes", 512, 3, "auto", 1, 2);
    }

    /** The same with other arms. */
    static SweepSpec arms(SweepSpec s, List<String> arms, List<Integer> granularity) {
        return new SweepSpec(s.budget(), arms, granularity, s.expansion(), s.router(), s.place(), s.outputNorm(), s.dim(), s.layers(), s.heads(),
            s.hidden(), s.sequence(), s.subKeys(), s.retrievalHeads(), s.perHead(), s.keyDim(), s.batch(), s.learningRate(), s.warmup(), s.seeds(),
            s.text(), s.tokenizer(), s.validationTokens(), s.evaluations(), s.device(), s.threads(), s.parallel());
    }

    /** The same on another device. */
    static SweepSpec on(String device, SweepSpec s) {
        return new SweepSpec(s.budget(), s.arms(), s.granularity(), s.expansion(), s.router(), s.place(), s.outputNorm(), s.dim(), s.layers(), s.heads(),
            s.hidden(), s.sequence(), s.subKeys(), s.retrievalHeads(), s.perHead(), s.keyDim(), s.batch(), s.learningRate(), s.warmup(), s.seeds(),
            s.text(), s.tokenizer(), s.validationTokens(), s.evaluations(), device, s.threads(), s.parallel());
    }
}
