package org.moe4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.moe4j.analysis.Estimate;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.data.Batches;
import org.moe4j.data.DataSpec;
import org.moe4j.data.LabelledImages;
import org.moe4j.data.TokenSet;
import org.moe4j.data.TokenizerKind;
import org.moe4j.data.Validation;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.PatchModel;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;
import org.moe4j.report.Drawing;
import org.moe4j.report.Figures;
import org.moe4j.report.LineChart;
import org.moe4j.surgery.Growth;
import org.moe4j.surgery.PatchInput;
import org.moe4j.sweep.Environment;
import org.moe4j.sweep.OutputFolder;
import org.moe4j.tensor.CounterRandom;
import org.moe4j.train.Evaluation;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A mixture trained on text grows experts for images, which it then reads as sequences of patches behind which it writes the digit. */
@Command(name = "experiments/run digits", sortOptions = false,
    description = "Trains a mixture on text, adds experts for patches of images, trains them alone on digits, and looks at both kinds of input again.")
public final class DigitsStudy implements Callable<Integer> {
    private static final int TIME = 64;
    private static final int SIDE = 7;                                            // 28 x 28 pixels are 16 patches
    private static final int BATCH = 64;
    private static final int LOOKS = 5;

    @Option(names = "--images", paramLabel = "DIR",
        description = "handwritten digits in MNIST's IDX format, .gz or not: *train-images-idx3-ubyte, *train-labels-idx1-ubyte, and the same with valid")
    private Path images;

    @Option(names = "--text-steps", paramLabel = "N", description = "steps on text, 480 by default")
    private int textSteps = 480;

    @Option(names = "--steps", paramLabel = "N", description = "steps on digits, a multiple of 5, 600 by default")
    private int steps = 600;

    @Option(names = "--experts", paramLabel = "N", description = "new experts of each mixture, 8 by default")
    private int experts = 8;

    @Mixin
    private SeededRuns runs;

    @Option(names = "--out", paramLabel = "DIR", description = "where to write, out/digits by default")
    private Path out = Path.of("out/digits");

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    private final Map<String, List<Look>> looks = new LinkedHashMap<>();
    private final StringBuilder csv = new StringBuilder("arm,seed,step,digitAccuracy,textNatsPerToken\n");
    private TokenSet text;
    private LabelledImages train;
    private LabelledImages valid;
    private float[][] patches;
    private int[] digitTokens;

    /** @param sameText whether the loss on text has every bit that it had before */
    private record Look(long step, double accuracy, double textLoss, boolean sameText) {}

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new DigitsStudy(), missing -> missing.getMessage(), args);
    }

    @Override
    public Integer call() {
        if (images == null) {
            throw new InputException("give --images DIR, a folder with handwritten digits in MNIST's IDX format: "
                + "*train-images-idx3-ubyte(.gz), *train-labels-idx1-ubyte(.gz), *valid-images-idx3-ubyte(.gz), *valid-labels-idx1-ubyte(.gz)");
        }
        if (steps < LOOKS || steps % LOOKS != 0) {
            throw new InputException("--steps is " + steps + ", want a multiple of " + LOOKS);
        }
        PlainCommand.atLeastOne("--text-steps", textSteps);
        PlainCommand.atLeastOne("--experts", experts);
        runs.requireOne();
        long start = System.nanoTime();
        train = LabelledImages.open(images, "train");
        valid = LabelledImages.open(images, "valid");
        patches = Stream.of(train, valid).flatMap(set -> Arrays.stream(set.patches(SIDE, train))).toArray(float[][]::new);
        text = TokenSet.open(DataSpec.DEFAULT.withTokenizer(TokenizerKind.BPE, 1024));
        digitTokens = new int[10];
        Arrays.setAll(digitTokens, d -> text.tokenizer().encode("" + d)[0]);
        OutputFolder.makeIfMissing(out);
        runs.each(this::race);
        AtomicFile.write(out.resolve("digits.csv"), csv.toString());
        AtomicFile.write(out.resolve("digits.png"), Drawing.png(LineChart.of("A mixture trained on text learns to read digits", "steps on digits",
            "digits read rightly (%)", looks.keySet().stream().map(this::line).toList())));
        String summary = summary(start);
        AtomicFile.write(out.resolve("README.md"), summary);
        System.out.print(summary);
        return 0;
    }

    private void race(Backend on, long seed) {
        MixtureOfExperts.Spec mixture = new MixtureOfExperts.Spec(new TopKRouter.Spec(8, 2), new MlpExperts.Spec(64, Activation.SWIGLU, false));
        LanguageModel model = new Transformer.Spec(text.tokenizer().vocabularySize(), 64, TIME, CausalSelfAttention.Spec.rotary(4, 4, 10_000), true,
            Repeat.everyBlock(2, mixture)).build(new Init(on, seed));
        Batches batches = new Batches(text, 16, TIME, seed);
        new Trainer(on, model, TrainingSpec.of(16, textSteps, 3e-3).withSeed(seed), batches::at, null).run(m -> {});
        double before = textLoss(on, model);

        Growth growth = new Growth(experts, text.domains().size(), false, 0, seed);
        PatchInput input = new PatchInput(SIDE * SIDE, perImage(), seed);
        LanguageModel grown = growth.apply(on, model);
        List<String> added = new ArrayList<>(input.trained());
        added.addAll(growth.trained(grown));
        learn(on, input.apply(on, grown), "new experts and input", seed, before, added);
        learn(on, input.apply(on, model), "input alone", seed, before, input.trained());
        learn(on, input.apply(on, model), "everything", seed, before, List.of());
    }

    private void learn(Backend on, PatchModel model, String arm, long seed, double before, List<String> trained) {
        model.show(patches);
        look(on, model, arm, seed, 0, before);
        TrainingSpec spec = TrainingSpec.of(BATCH, steps, 3e-3).withSeed(seed).withTrained(trained.toArray(String[]::new));
        new Trainer(on, model, spec, step -> digits(seed, step), null).run(m -> {
            if (m.step() % (steps / LOOKS) == 0) {
                look(on, model, arm, seed, m.step(), before);
            }
        });
    }

    private void look(Backend on, PatchModel model, String arm, long seed, long step, double before) {
        double loss = textLoss(on, model);
        Look look = new Look(step, accuracy(on, model), loss, Double.doubleToLongBits(loss) == Double.doubleToLongBits(before));
        looks.computeIfAbsent(arm, a -> new ArrayList<>()).add(look);
        csv.append("%s,%d,%d,%.4f,%s%n".formatted(arm, seed, step, look.accuracy(), loss));
        System.out.printf("%s, seed %d, step %d: %.1f %% of digits, text %.4f nats/token%s%n", arm, seed, step, 100 * look.accuracy(), loss,
            look.sameText() ? ", the same bits as before" : "");
    }

    private double textLoss(Backend on, LanguageModel model) {
        return Evaluation.of(on, new Arena(on), model, Validation.of(text, 16_384, 16, TIME)).natsPerToken();
    }

    /** Training images drawn at random. */
    private Batch digits(long seed, long step) {
        CounterRandom random = CounterRandom.of(seed, "digits").at(step);
        int[] chosen = new int[BATCH];
        Arrays.setAll(chosen, b -> random.below(b, train.labels().length));
        return batch(0, chosen, train.labels());
    }

    /** Sequences of an image's patches; behind the last stands the digit, which is all there is to predict. */
    private Batch batch(int firstImage, int[] chosen, int[] labels) {
        int time = perImage();
        int[] tokens = new int[chosen.length * time];
        int[] targets = new int[tokens.length];
        int[] domains = new int[chosen.length];
        Arrays.setAll(tokens, i -> text.tokenizer().vocabularySize() + (firstImage + chosen[i / time]) * time + i % time);
        Arrays.setAll(targets, i -> i % time == time - 1 ? digitTokens[labels[chosen[i / time]]] : -1);
        Arrays.fill(domains, text.domains().size());
        return new Batch(chosen.length, time, tokens, targets, domains);
    }

    /** The share of held-out images whose digit is the likeliest token of the whole vocabulary. */
    private double accuracy(Backend on, LanguageModel model) {
        int right = 0;
        int count = valid.labels().length;
        for (int from = 0; from < count; from += BATCH) {
            int first = from;
            int[] chosen = new int[Math.min(BATCH, count - from)];
            Arrays.setAll(chosen, i -> first + i);
            Batch batch = batch(train.labels().length, chosen, valid.labels());
            try (Tape t = new Tape(on, new Arena(on), false)) {
                LanguageModel.Output output = model.forward(t, batch.tokens(), Pass.evaluation(batch.batch(), batch.time()).withDomains(batch.domains()));
                int[] likeliest = t.topK(output.logits(t), 1).indices().toArray();
                for (int i = 0; i < likeliest.length; i++) {
                    right += likeliest[i] == batch.targets()[i] ? 1 : 0;
                }
            }
        }
        return (double) right / count;
    }

    private int perImage() {
        return train.rows() / SIDE * (train.columns() / SIDE);
    }

    /** In per cent, over seeds. */
    private Estimate accuracy(String arm, long step) {
        return Estimate.of(looks.get(arm).stream().filter(l -> l.step() == step).mapToDouble(l -> 100 * l.accuracy()).toArray());
    }

    private LineChart.Line line(String arm) {
        List<Long> steps = looks.get(arm).stream().map(Look::step).distinct().toList();
        return LineChart.Line.of(arm, steps.stream().map(Long::doubleValue).toList(), steps.stream().map(step -> accuracy(arm, step)).toList());
    }

    private String summary(long start) {
        Environment here = Environment.here();
        StringBuilder s = new StringBuilder("# Growing experts for another kind of input\n\n");
        s.append("`experiments/run digits --images DIR --text-steps %d --steps %d --experts %d --seeds %d`, %.0f minutes on %s (%s), commit %s.%n%n".formatted(
            textSteps, steps, experts, runs.seeds(), (System.nanoTime() - start) / 6e10, here.processor(), here.java(), here.commit()));
        s.append("A mixture (2 blocks, D = 64, 2 of 8 experts of width 64) is trained on text (the JDK's source, 1024 byte pairs). Then it is given %d digits, each a ".formatted(
            train.labels().length));
        s.append("sequence of 16 patches of 7 x 7 pixels behind which it is to write the digit; %d others are held out. Mean ± standard error over %d seeds.%n%n".formatted(
            valid.labels().length, runs.seeds()));
        s.append("| trained on digits | digits read rightly | text, nats/token before | after | the same bits |\n|---|---|---|---|---|\n");
        for (Map.Entry<String, List<Look>> arm : looks.entrySet()) {
            boolean same = arm.getValue().stream().allMatch(Look::sameText);
            s.append("| %s | %s %% | %.4f | %.4f | %s |%n".formatted(arm.getKey(), Figures.estimate(accuracy(arm.getKey(), steps), 1),
                text(arm.getValue(), 0), text(arm.getValue(), steps), same ? "yes" : "no"));
        }
        s.append("\n![accuracy](digits.png)\n\nNew experts and router rows are within reach of digits only (experts.GrownRouter), old ones and all else are frozen: ");
        return s.append("the function on text cannot change. Digits may use old experts, too.\n").toString();
    }

    private static double text(List<Look> looks, long step) {
        return looks.stream().filter(l -> l.step() == step).mapToDouble(Look::textLoss).average().orElse(Double.NaN);
    }
}
