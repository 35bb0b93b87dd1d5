package org.moe4j.cli.huggingface;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

import org.moe4j.backend.Backend;
import org.moe4j.interchange.ByteLevelTokenizer;
import org.moe4j.interchange.HuggingFaceImport;
import org.moe4j.io.InputException;
import org.moe4j.model.Generator;
import org.moe4j.report.TextTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The likeliest tokens after a prompt, with logits to compare with another program's. */
@Command(name = "logits", sortOptions = false, description = "The likeliest next tokens after a prompt, with their logits.")
final class Logits implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "the checkpoint's folder")
    private Path folder;

    @Mixin
    private Prompt prompt;

    @Option(names = "--top", paramLabel = "N", description = "how many tokens to show, 10 by default")
    private int top = 10;

    @Mixin
    private Computing computing;

    @Override
    public Integer call() {
        if (top < 1) {
            throw new InputException("--top is " + top + ", it has to be at least 1");
        }
        try (HuggingFaceImport checkpoint = HuggingFaceImport.open(folder); Backend on = computing.open()) {
            ByteLevelTokenizer tokenizer = prompt.tokenizer(checkpoint);
            int[] tokens = prompt.tokens(checkpoint, tokenizer);
            double[] logits = new Generator(on, checkpoint.load(on)).logits(tokens);
            double max = DoubleStream.of(logits).max().orElseThrow();
            double all = DoubleStream.of(logits).map(l -> Math.exp(l - max)).sum();
            TextTable table = new TextTable("token", "logit", "probability", "text");
            IntStream.range(0, logits.length).boxed().sorted(Comparator.comparingDouble(token -> -logits[token])).limit(top).forEach(token ->
                table.row(Integer.toString(token), String.format(Locale.ROOT, "%.5f", logits[token]), String.format(Locale.ROOT, "%.5f", Math.exp(logits[token] - max) / all),
                    tokenizer == null || token >= tokenizer.vocabularySize() ? "" : quoted(tokenizer.decode(token))));
            System.out.print(table);
            return 0;
        }
    }

    private static String quoted(String text) {
        return "'" + text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + "'";
    }
}
