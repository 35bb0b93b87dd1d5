package org.moe4j.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.moe4j.autodiff.Arena;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batch;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenizerKind;
import org.moe4j.data.Validation;
import org.moe4j.experts.DenseFeedForward;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RandomRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.SwitchRouter;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.report.Figures;
import org.moe4j.report.TextTable;
import org.moe4j.train.Evaluation;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** PanGu-Sigma's claims for random routed experts on a small scale: how well they learn two domains together, and what they forget of one after the other. */
@Command(name = "experiments/run lifelong", sortOptions = false, description = "Two domains, learned together and one after the other, by a dense model and by mixtures "
    + "with learned, hashed and random routing (experts in a group for each domain). Losses in nats/token, means over seeds.")
public final class Lifelong implements Callable<Integer> {
    private static final int DIM = 64;
    private static final int HIDDEN = 256;
    private static final int EXPERTS = 16;
    private static final int SEQUENCE = 64;
    private static final int BATCH = 16;
    private static final int LOWER = 2;
    private static final double LEARNING_RATE = 3e-3;
    private static final int COUNTED_BATCHES = 200;
    private static final int MEASURED_BATCHES = 20;
    private static final FeedForwardSpec DENSE = new DenseFeedForward.Spec(HIDDEN, Activation.GELU, false);

    @Option(names = "--text", paramLabel = "A,B", split = ",", hideParamSyntax = true, description = "two files or folders, a domain each; none: two modules of the running JDK's source")
    private List<String> text = List.of();

    @Option(names = "--steps", paramLabel = "N", description = "steps on each domain, of 1024 tokens; 300 by default")
    private long steps = 300;

    @Mixin
    private SeededRuns runs;

    @Option(names = "--vocabulary", paramLabel = "V", description = "of the byte pairs that both are cut into, 1024 by default")
    private int vocabulary = 1024;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new Lifelong(), CommandLine.MissingParameterException::getMessage, args);
    }

    @Override
    public Integer call() {
        PlainCommand.atLeastOne("--steps", steps);
        runs.requireOne();
        DataSpec data = (text.isEmpty() ? DataSpec.DEFAULT : DataSpec.DEFAULT.withText(text)).withTokenizer(TokenizerKind.BPE, vocabulary);
        TwoDomains domains = TwoDomains.of(data, BATCH, SEQUENCE);
        Map<String, FeedForwardSpec> layers = new LinkedHashMap<>();
        layers.put("dense", DENSE);
        layers.put("learned", mixture(new SwitchRouter.Spec().withExperts(EXPERTS, 1)));
        layers.put("hashed", mixture(new RandomRouter.Spec(List.of(EXPERTS))));
        layers.put("random", mixture(RandomRouter.Spec.equal(EXPERTS, 2)));
        TextTable table = new TextTable("layers", "together: A", "B", "A alone: A", "then B: A", "forgot", "B");
        try (Backend on = runs.open()) {
            System.out.printf("A is %s, B is %s; %d steps of %,d tokens on each, %d seeds.%n%n", domains.name(0), domains.name(1), steps, BATCH * SEQUENCE, runs.seeds());
            layers.forEach((name, layer) -> {
                List<String> cells = new ArrayList<>(means(name + ", A and B together", seed -> together(on, domains, layer, seed)));
                cells.addAll(means(name + ", B after A", seed -> oneAfterTheOther(on, domains, layer, seed, List.of())));
                row(table, name, cells);
            });
            String own = "random, B's experts only";
            List<String> cells = new ArrayList<>(List.of("-", "-"));
            cells.addAll(means(own + ", B after A", seed -> oneAfterTheOther(on, domains, layers.get("random"), seed, List.of("experts[" + EXPERTS / 2 + "..]"))));
            row(table, own, cells);
            System.out.print(table);
            List<String> load = means("load of the random experts", seed -> loadCorrelations(on, domains, seed));
            System.out.printf("%nLoad of the random experts as foretold from the frequencies of tokens in training text, and as measured: correlation %s on other "
                + "training batches, %s on validation text.%n", load.get(0), load.get(1));
        }
        return 0;
    }

    private static MixtureOfExperts.Spec mixture(RouterSpec router) {
        return new MixtureOfExperts.Spec(router, new MlpExperts.Spec(HIDDEN, Activation.GELU, false));
    }

    /** Over the seeds; a line on standard error says when each begins. */
    private List<String> means(String what, LongFunction<double[]> measured) {
        List<double[]> bySeed = runs.numbers().mapToObj(seed -> {
            System.err.println(what + ", seed " + seed + " ...");
            return measured.apply(seed);
        }).toList();
        return IntStream.range(0, bySeed.getFirst().length)
            .mapToObj(i -> Figures.fixed(bySeed.stream().mapToDouble(values -> values[i]).average().orElseThrow(), 3)).toList();
    }

    private static void row(TextTable table, String name, List<String> cells) {
        table.row(Stream.concat(Stream.of(name), cells.stream()).toList());
    }

    private LanguageModel model(Backend on, FeedForwardSpec upper, long seed) {
        return new Transformer.Spec(vocabulary, DIM, SEQUENCE, CausalSelfAttention.Spec.rotary(4, 4, 10_000), true,
            List.of(new Repeat(LOWER, List.of(DENSE)), new Repeat(LOWER, List.of(upper)))).build(new Init(on, seed));
    }

    /** Losses on A and B. */
    private double[] together(Backend on, TwoDomains domains, FeedForwardSpec upper, long seed) {
        LanguageModel model = model(on, upper, seed);
        new Trainer(on, model, spec(2 * steps, seed, List.of()), domains::both, null).run(m -> {});
        return new double[] {loss(on, model, domains, 0), loss(on, model, domains, 1)};
    }

    /**
     * Losses on A after A, on A after B was learned as well, how much that is more, and on B then.
     *
     * @param trained what B may change; empty for everything
     */
    private double[] oneAfterTheOther(Backend on, TwoDomains domains, FeedForwardSpec upper, long seed, List<String> trained) {
        LanguageModel model = model(on, upper, seed);
        new Trainer(on, model, spec(steps, seed, List.of()), step -> domains.batch(0, step), null).run(m -> {});
        double before = loss(on, model, domains, 0);
        new Trainer(on, model, spec(steps, seed, trained), step -> domains.batch(1, step), null).run(m -> {});
        double after = loss(on, model, domains, 0);
        return new double[] {before, after, after - before, loss(on, model, domains, 1)};
    }

    private static TrainingSpec spec(long steps, long seed, List<String> trained) {
        return TrainingSpec.of(BATCH, steps, LEARNING_RATE).withSeed(seed).withTrained(trained.toArray(String[]::new));
    }

    private static double loss(Backend on, LanguageModel model, TwoDomains domains, int domain) {
        return Evaluation.of(on, new Arena(on), model, domains.validation(domain)).natsPerToken();
    }

    /** Of an untrained model, as the load does not depend on what is learned: on other training batches than those counted, and on validation text. */
    private double[] loadCorrelations(Backend on, TwoDomains domains, long seed) {
        RandomRouter.Spec spec = RandomRouter.Spec.equal(EXPERTS, 2);
        LanguageModel model = model(on, mixture(spec), seed);
        RandomRouter router = (RandomRouter) spec.build(DIM, new Init(on, seed, "blocks." + LOWER + ".feedForward.router"));
        double[] foretold = router.expectedLoad(domains.frequencies(vocabulary, COUNTED_BATCHES));
        double[] training = new double[EXPERTS];
        double[] validation = new double[EXPERTS];
        for (int domain = 0; domain < 2; domain++) {
            int number = domain;
            List<Batch> others = LongStream.range(COUNTED_BATCHES, COUNTED_BATCHES + MEASURED_BATCHES).mapToObj(step -> domains.batch(number, step)).toList();
            addShares(training, on, model, new Validation(others, (long) MEASURED_BATCHES * BATCH * SEQUENCE, 1));
            addShares(validation, on, model, domains.validation(domain));
        }
        return new double[] {correlation(foretold, training), correlation(foretold, validation)};
    }

    private static void addShares(double[] shares, Backend on, LanguageModel model, Validation text) {
        long[] load = Evaluation.of(on, new Arena(on), model, text).loads().getFirst().load();
        double all = Arrays.stream(load).sum();
        Arrays.setAll(shares, e -> shares[e] + load[e] / all);
    }

    private static double correlation(double[] a, double[] b) {
        double meanA = Arrays.stream(a).average().orElseThrow();
        double meanB = Arrays.stream(b).average().orElseThrow();
        double ab = IntStream.range(0, a.length).mapToDouble(i -> (a[i] - meanA) * (b[i] - meanB)).sum();
        double aa = Arrays.stream(a).map(x -> (x - meanA) * (x - meanA)).sum();
        double bb = Arrays.stream(b).map(x -> (x - meanB) * (x - meanB)).sum();
        return ab / Math.sqrt(aa * bb);
    }
}
