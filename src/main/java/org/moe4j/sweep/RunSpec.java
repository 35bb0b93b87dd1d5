package org.moe4j.sweep;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenizerKind;
import org.moe4j.io.Differences;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Size;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.train.Recipe;
import org.moe4j.train.TrainingSpec;

/** One model to train: what the command line of a training run asks for. Each component is an option and a field of {@code run.yaml}. */
public record RunSpec(
        @Option("a published architecture, cut down to --dim, --layers, --experts and --sequence; mixtral-8x7b unless told") @JsonProperty String architecture,
        @Option("instead of one: the file of a model's spec, which is trained as it stands") @JsonProperty String model,
        @Option("D, the model width of an architecture: 64") Integer dim,
        @Option("its number of blocks: 2, or as many as have one of each kind") Integer layers,
        @Option("the most experts of a bank: 8, or 1024 of an architecture with more than 10,000") Integer experts,
        @Option("T, tokens in a training sequence: 64") Integer sequence,
        @Option("training steps: 300") Long steps,
        @Option("training FLOPs, instead of steps, such as 1e12") Double budget,
        @Option("sequences in a batch: 16") int batch,
        @Option("the peak learning rate; the recipe's unless given") Double learningRate,
        @Option("how it is trained: adamw, glam, moe2017, switch, ...; the architecture's own unless given") @JsonProperty String recipe,
        @Option("text files, .gz files or folders (sub-folders are domains); none is the source text of this JDK") List<String> text,
        @Option("bytes, or bpe:SIZE for byte pairs trained on the text: bpe:1024") String tokenizer,
        @Option("tokens of the fixed validation slice: 16384") int validationTokens,
        @Option("how many times the model is evaluated: 8") int evaluations,
        @Option("of weights, batches and noise: 1") long seed,
        @Option("the back end: auto (default), simd, reference, or cuda (cuda:1 is the second GPU, cuda+bf16 multiplies matrices in that precision, cuda+graphs launches CUDA graphs)") String device,
        @Option("threads of the back end: 0, one for each processor") int threads) {
    private static final Pattern BYTE_PAIRS = Pattern.compile("bpe:(\\d{1,6})");
    private static final List<String> SPEED_ONLY = List.of("threads");
    private static final String USUAL = "mixtral-8x7b";
    private static final int DIM = 64;
    private static final int LAYERS = 2;
    private static final int EXPERTS = 8;
    private static final int MANY = 10_000;
    private static final int FEWER = 1024;
    private static final int SEQUENCE = 64;
    private static final long STEPS = 300;
    private static final int CHECKPOINTS = 10;

    /** What is left out; behind the constants that its own check needs. */
    public static final RunSpec DEFAULT = new RunSpec(null, null, null, null, null, null, null, null, 16, null, null, List.of(), "bpe:1024", 16_384, 8, 1, "auto", 0);

    public RunSpec {
        text = List.copyOf(text);
        if (architecture != null && model != null) {
            throw new InputException("architecture " + architecture + " and model " + model + " are both given; one of them would do");
        }
        if (model != null && (dim != null || layers != null || experts != null || sequence != null)) {
            throw new InputException("a model is trained as its spec stands; dim, layers, experts and sequence resize an architecture");
        }
        if (architecture != null) {
            Architecture.named(architecture);
        }
        if (recipe != null) {
            Recipe.named(recipe);
        }
        if (steps != null && budget != null) {
            throw new InputException("steps and budget are both given; one of them would do");
        }
        if (steps != null) {
            positive("steps", steps);
        }
        if (budget != null && !(budget > 0 && budget < Double.POSITIVE_INFINITY)) {
            throw new InputException("budget is " + budget + ", it has to be a positive number of FLOPs such as 1e12");
        }
        positive("batch", batch);
        if (learningRate != null && !(learningRate > 0)) {
            throw new InputException("learningRate is " + learningRate + ", it has to be above 0");
        }
        positive("validationTokens", validationTokens);
        positive("evaluations", evaluations);
        if (threads < 0) {
            throw new InputException("threads is " + threads + ", it has to be 0 or more");
        }
        data(text, tokenizer);
        resize(1024, dim, layers, experts, sequence);
    }

    /** How the run is called: the architecture's name, or that of the model's file. */
    public String label() {
        return model == null ? preset() : Path.of(model).getFileName().toString().replaceFirst("\\.ya?ml$", "");
    }

    /** The text and its tokens. */
    public DataSpec data() {
        return data(text, tokenizer);
    }

    /**
     * The model.
     *
     * @param vocabulary of the tokenizer
     * @throws InputException if the spec's file is unsound, or its vocabulary too small
     */
    public ModelSpec model(int vocabulary, SpecReader reader) {
        if (model == null) {
            ModelSpec published = Architecture.named(preset()).spec();
            atMost("dim", dim, published.dim());
            atMost("sequence", sequence, published.sequence());
            atMost("vocabulary of tokenizer " + tokenizer, vocabulary, published.vocabulary());
            Integer most = experts != null ? experts : Banks.most(published) > MANY ? Integer.valueOf(FEWER) : null;
            return published.resized(resize(vocabulary, dim, layers, most, sequence));
        }
        ModelSpec read = reader.read(Path.of(model), ModelSpec.class, name -> Architecture.named(name).spec());
        if (read.vocabulary() < vocabulary) {
            throw new InputException(model + ": vocabulary is " + read.vocabulary() + ", fewer than the " + vocabulary + " tokens of the tokenizer " + tokenizer
                + "; vocabulary: " + vocabulary + " would do");
        }
        return read;
    }

    /** How it is trained. */
    public Recipe recipeOrUsual() {
        return recipe != null ? Recipe.named(recipe) : Recipe.of(label());
    }

    /** @param flopsPerStep training FLOPs of one step
     *  @throws InputException if the budget is less than one step */
    TrainingSpec training(long flopsPerStep) {
        long all = budget != null ? (long) (budget / flopsPerStep) : steps != null ? steps : STEPS;
        if (all < 1) {
            throw new InputException(String.format(java.util.Locale.ROOT, "budget is %.3g FLOPs, less than one step (%.3g); a larger budget or a smaller batch would do",
                budget, (double) flopsPerStep));
        }
        return recipeOrUsual().training(batch, all, learningRate, seed).withEvaluationTokens(validationTokens)
            .withIntervals(Math.max(1, all / evaluations), Math.max(1, all / CHECKPOINTS), 10);
    }

    /** The components in which the runs differ, those aside that only decide the speed. */
    List<String> differences(RunSpec other) {
        return Differences.between(this, other, SPEED_ONLY);
    }

    private String preset() {
        return architecture == null ? USUAL : architecture;
    }

    /** What is asked for must be there to cut down; what is left out is cut down to what there is. */
    private void atMost(String field, Integer asked, int own) {
        if (asked != null && asked > own) {
            throw new InputException(field + " is " + asked + ", " + preset() + " can be cut down to at most its own " + own);
        }
    }

    private static Size resize(int vocabulary, Integer dim, Integer layers, Integer experts, Integer sequence) {
        return new Size(vocabulary, or(sequence, SEQUENCE), or(dim, DIM), or(layers, LAYERS), or(experts, EXPERTS));
    }

    private static int or(Integer value, int otherwise) {
        return value == null ? otherwise : value;
    }

    /** What the options {@code --text} and {@code --tokenizer} ask for. */
    static DataSpec data(List<String> text, String tokenizer) {
        DataSpec source = text.isEmpty() ? DataSpec.DEFAULT : DataSpec.DEFAULT.withText(text);
        if (tokenizer.equals("bytes")) {
            return source.withTokenizer(TokenizerKind.BYTE, 256);
        }
        Matcher bpe = BYTE_PAIRS.matcher(tokenizer);
        if (!bpe.matches()) {
            throw new InputException("tokenizer is '" + tokenizer + "', want bytes, or bpe:SIZE such as bpe:1024");
        }
        return source.withTokenizer(TokenizerKind.BPE, Integer.parseInt(bpe.group(1)));
    }

    private static void positive(String field, long value) {
        if (value < 1) {
            throw new InputException(field + " is " + value + ", it has to be at least 1");
        }
    }
}
