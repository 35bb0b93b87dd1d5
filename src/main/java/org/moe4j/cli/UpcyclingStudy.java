package org.moe4j.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import org.moe4j.analysis.Estimate;
import org.moe4j.autodiff.Arena;
import org.moe4j.backend.Backend;
import org.moe4j.cost.Ledger;
import org.moe4j.data.Batch;
import org.moe4j.data.Batches;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenSet;
import org.moe4j.data.TokenizerKind;
import org.moe4j.data.Validation;
import org.moe4j.experts.Balance;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.ExpertChoiceRouter;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SwitchRouter;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.report.Drawing;
import org.moe4j.report.Figures;
import org.moe4j.report.LineChart;
import org.moe4j.surgery.Layers;
import org.moe4j.surgery.Siblings;
import org.moe4j.surgery.Upcycling;
import org.moe4j.sweep.Environment;
import org.moe4j.sweep.OutputFolder;
import org.moe4j.train.AdamW;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.Evaluation;
import org.moe4j.train.SavedModel;
import org.moe4j.train.Schedule;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Sparse upcycling at a small scale: dense to T, then a dense continuation, the upcycled mixture, and a mixture from scratch. */
@Command(name = "experiments/run upcycling", sortOptions = false,
    description = "Trains a small dense model, makes a mixture of it, and trains both on, beside a mixture from scratch (Komatsuzaki et al. 2022).")
public final class UpcyclingStudy implements Callable<Integer> {
    private static final int BATCH = 16;
    private static final int TIME = 64;
    private static final int DIM = 64;
    private static final int HIDDEN = 256;
    private static final double LEARNING_RATE = 3e-3;
    private static final RouterSpec ROUTER = new TopKRouter.Spec(8, 2);
    private static final List<Double> NOISES = List.of(0.01, 0.1, 1.0);

    @Option(names = "--steps", paramLabel = "T", description = "steps of the dense parent, a multiple of 4, 480 by default")
    private int steps = 480;

    @Mixin
    private SeededRuns runs;

    @Option(names = "--out", paramLabel = "DIR", description = "where to write, out/upcycling by default")
    private Path out = Path.of("out/upcycling");

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    private final StringBuilder csv = new StringBuilder("arm,seed,step,flops,natsPerToken,unroutedTokens,siblingDistance\n");
    private final Map<String, List<Point>> curves = new LinkedHashMap<>();
    private TokenSet text;

    /** @param step of the arm's own training, behind the parent's where it has one */
    private record Point(long step, double flops, double loss) {}

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new UpcyclingStudy(), missing -> missing.getMessage(), args);
    }

    @Override
    public Integer call() {
        long start = System.nanoTime();
        if (steps < 4 || steps % 4 != 0) {
            throw new InputException("--steps is " + steps + ", want a multiple of 4");
        }
        runs.requireOne();
        OutputFolder.makeIfMissing(out);
        text = TokenSet.open(DataSpec.DEFAULT.withTokenizer(TokenizerKind.BPE, 1024));
        runs.each(this::race);
        List<LineChart.Line> lines = curves.keySet().stream().filter(arm -> !arm.contains(":")).map(this::line).toList();
        AtomicFile.write(out.resolve("upcycling.png"), Drawing.png(LineChart.of("Upcycling a dense model after half of its training",
            "training FLOPs, the parent's included", "validation loss (nats/token)", lines)));
        AtomicFile.write(out.resolve("upcycling.csv"), csv.toString());
        String summary = summary(start);
        AtomicFile.write(out.resolve("README.md"), summary);
        System.out.print(summary);
        return 0;
    }

    /** All arms of one seed. */
    private void race(Backend on, long seed) {
        Checkpoint parent = new Checkpoint(out.resolve("parent" + seed));
        Batches batches = new Batches(text, BATCH, TIME, seed);
        DenseFeedForward.Spec mlp = new DenseFeedForward.Spec(HIDDEN, Activation.SWIGLU, false);
        LanguageModel dense = spec(Repeat.everyBlock(2, mlp)).build(new Init(on, seed));
        double perStep = Ledger.trainingFlops(dense.spec(), BATCH);
        train(on, dense, "dense", seed, 2 * steps, 30, 0, batches::at, parent);
        train(on, spec(Repeat.everyBlock(2, new MixtureOfExperts.Spec(ROUTER, new MlpExperts.Spec(HIDDEN, Activation.SWIGLU, false)))).build(new Init(on, seed)),
            "mixture from scratch", seed, 2 * steps, 30, 0, batches::at, null);
        LongFunction<Batch> later = step -> batches.at(step + steps);
        train(on, upcycled(on, parent, ROUTER, 0, seed), "upcycled", seed, steps, 10, steps * perStep, later, null);
        for (double noise : NOISES) {
            train(on, upcycled(on, parent, ROUTER, noise, seed), "upcycled: noise " + noise, seed, steps / 4, 10, steps * perStep, later, null);
        }
        Map<String, RouterSpec> others = new LinkedHashMap<>();
        others.put("probabilities as gates, 2 of 8", new TopKRouter.Spec(8, 2, 0, Balance.MEAN_CHOICE, 0.01, 0));
        others.put("probabilities as gates, 2 of 32", new TopKRouter.Spec(32, 2, 0, Balance.MEAN_CHOICE, 0.01, 0));
        others.put("switch, 1 of 8", new SwitchRouter.Spec());
        others.put("expert choice, capacity 1", new ExpertChoiceRouter.Spec().withExperts(8, 1));
        others.put("expert choice, capacity 2", new ExpertChoiceRouter.Spec().withExperts(8, 2));
        others.forEach((name, router) -> note(on, upcycled(on, parent, router, 0, seed), "upcycled: " + name, seed, 0, steps * perStep));
        parent.delete();
    }

    private static LanguageModel upcycled(Backend on, Checkpoint parent, RouterSpec router, double noise, long seed) {
        return new Upcycling(Layers.all(2), router, 1, noise, seed).apply(on, SavedModel.load(on, parent));
    }

    private ModelSpec spec(List<Repeat> blocks) {
        return new Transformer.Spec(text.tokenizer().vocabularySize(), DIM, TIME, CausalSelfAttention.Spec.rotary(4, 4, 10_000), true, blocks);
    }

    /** Trains at a constant rate, notes the loss before and after each quarter of T, and keeps the weights at T in {@code parent}. */
    private void train(Backend on, LanguageModel model, String arm, long seed, long count, int warmup, double flopsBefore, LongFunction<Batch> batches,
                       Checkpoint parent) {
        TrainingSpec training = new TrainingSpec(BATCH, count, LEARNING_RATE, new Schedule.Constant((int) Math.min(warmup, count)), new AdamW.Spec(0.9, 0.95, 0.1), 1.0, null, 1,
            0, 16_384, 0, 0, seed, List.of());
        double perStep = Ledger.trainingFlops(model.spec(), BATCH);
        note(on, model, arm, seed, 0, flopsBefore);
        new Trainer(on, model, training, batches, null).run(m -> {
            if (m.step() % (steps / 4) == 0) {
                note(on, model, arm, seed, m.step(), flopsBefore + m.step() * perStep);
            }
            if (parent != null && m.step() == steps) {
                SavedModel.save(on, model, parent, Map.of());
            }
        });
    }

    private void note(Backend on, LanguageModel model, String arm, long seed, long step, double flops) {
        Evaluation e = Evaluation.of(on, new Arena(on), model, Validation.of(text, 16_384, BATCH, TIME));
        long unrouted = e.loads().stream().mapToLong(l -> l.unroutedTokens()).sum();
        double distance = e.loads().isEmpty() ? 0 : Siblings.distance(model, 1);
        curves.computeIfAbsent(arm, a -> new ArrayList<>()).add(new Point(step, flops, e.natsPerToken()));
        csv.append("%s,%d,%d,%.4g,%.5f,%d,%.5f%n".formatted(arm.replace(',', ';'), seed, step, flops, e.natsPerToken(), unrouted, distance));
        System.out.printf("%s, seed %d, step %d: %.4f nats/token%n", arm, seed, step, e.natsPerToken());
    }

    /** Without the first losses of models from scratch, which would flatten the rest. */
    private LineChart.Line line(String arm) {
        List<Point> shown = curves.get(arm).stream().filter(p -> p.step() > 0 || arm.equals("upcycled")).toList();
        List<Double> x = new ArrayList<>();
        List<Estimate> y = new ArrayList<>();
        for (long step : shown.stream().mapToLong(Point::step).distinct().toArray()) {
            x.add(shown.stream().filter(p -> p.step() == step).findFirst().orElseThrow().flops());
            y.add(loss(arm, step));
        }
        return LineChart.Line.of(arm, x, y);
    }

    /** Over seeds. */
    private Estimate loss(String arm, long step) {
        return Estimate.of(curves.get(arm).stream().filter(p -> p.step() == step).mapToDouble(Point::loss).toArray());
    }

    private String cell(String arm, long step) {
        return Figures.estimate(loss(arm, step), 3);
    }

    private String summary(long start) {
        Environment here = Environment.here();
        StringBuilder s = new StringBuilder("# Sparse upcycling at a small scale\n\n");
        s.append("`experiments/run upcycling --steps %d --seeds %d`, %.0f minutes on %s (%s), commit %s.%n%n".formatted(steps, runs.seeds(),
            (System.nanoTime() - start) / 6e10, here.processor(), here.java(), here.commit()));
        s.append("A dense model (2 blocks, D = %d, F = %d, the JDK's source in 1024 byte pairs) is trained for T = %d steps of %d tokens. Then both layers become ".formatted(
            DIM, HIDDEN, steps, BATCH * TIME));
        s.append("mixtures of 8 copies, 2 for a token; optimizer state anew. Constant learning rate; nats/token on 16 k held-out tokens, mean ± standard error over %d seeds.%n%n".formatted(runs.seeds()));
        s.append("| | dense continued | upcycled | mixture from scratch, extra steps only | mixture from scratch, T + extra |\n|---|---|---|---|---|\n");
        for (int quarters : new int[] {1, 2, 4}) {
            long extra = (long) quarters * steps / 4;
            s.append("| +%d %% steps | %s | %s | %s | %s |%n".formatted(25 * quarters, cell("dense", steps + extra), cell("upcycled", extra),
                cell("mixture from scratch", extra), cell("mixture from scratch", steps + extra)));
        }
        s.append("%n![loss against FLOPs](upcycling.png)%n%nA step of the mixture costs %.2f times a dense one: two copies work for each token. At step 0:%n%n".formatted(
            curves.get("mixture from scratch").get(1).flops() / curves.get("dense").get(1).flops()));
        s.append("| | nats/token |\n|---|---|\n| dense parent | %s |%n".formatted(cell("dense", steps)));
        curves.keySet().stream().filter(arm -> arm.startsWith("upcycled")).forEach(arm -> s.append("| %s | %s |%n".formatted(arm, cell(arm, 0))));
        s.append("\nNoise on the copies (relative to their weights), loss at +25 %% steps: none %s".formatted(cell("upcycled", steps / 4)));
        NOISES.forEach(noise -> s.append(", %s: %s".formatted(noise, cell("upcycled: noise " + noise, steps / 4))));
        return s.append(".\n\n`upcycling.csv` has every measurement, with the tokens that no expert took and the mean cosine distance between sibling experts.\n").toString();
    }
}
