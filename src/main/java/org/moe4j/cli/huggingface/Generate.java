package org.moe4j.cli.huggingface;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.moe4j.backend.Backend;
import org.moe4j.interchange.ByteLevelTokenizer;
import org.moe4j.interchange.HuggingFaceImport;
import org.moe4j.io.InputException;
import org.moe4j.model.Generator;
import org.moe4j.model.Sampling;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Goes on from a prompt. */
@Command(name = "generate", sortOptions = false, description = "Goes on from a prompt; the same seed gives the same text.")
final class Generate implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "the checkpoint's folder")
    private Path folder;

    @Mixin
    private Prompt prompt;

    @Option(names = "--length", paramLabel = "N", description = "tokens to generate, 50 by default; fewer if the text ends before")
    private int length = 50;

    @Option(names = "--temperature", paramLabel = "T", description = "0, the default, always takes the likeliest token; 1 draws as the model says")
    private double temperature;

    @Option(names = "--top-p", paramLabel = "P", description = "draws among the likeliest tokens that have this probability together; 1 by default")
    private double topP = 1;

    @Option(names = "--seed", paramLabel = "N", description = "of the draws, 1 by default")
    private long seed = 1;

    @Mixin
    private Computing computing;

    @Override
    public Integer call() {
        Sampling sampling = new Sampling(temperature, topP, seed);
        if (length < 1) {
            throw new InputException("--length is " + length + ", it has to be at least 1");
        }
        try (HuggingFaceImport checkpoint = HuggingFaceImport.open(folder); Backend on = computing.open()) {
            ByteLevelTokenizer tokenizer = prompt.tokenizer(checkpoint);
            int[] tokens = prompt.tokens(checkpoint, tokenizer);
            Generator generator = new Generator(on, checkpoint.load(on));
            int vocabulary = tokenizer == null ? checkpoint.spec().vocabulary() : tokenizer.vocabularySize();
            int end = checkpoint.endOfText() == null ? Generator.NO_END : checkpoint.endOfText();
            int[] next = generator.continued(tokens, length, vocabulary, end, sampling);
            int[] all = IntStream.concat(Arrays.stream(tokens), Arrays.stream(next)).toArray();
            System.out.println(tokenizer == null ? Arrays.stream(all).mapToObj(Integer::toString).collect(Collectors.joining(",")) : tokenizer.decode(all));
            return 0;
        }
    }
}
