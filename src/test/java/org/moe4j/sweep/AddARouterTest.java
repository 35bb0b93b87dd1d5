package org.moe4j.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.moe4j.autodiff.Arena;
import org.moe4j.autodiff.GradientCheck;
import org.moe4j.autodiff.Tape;
import org.moe4j.backend.Backend;
import org.moe4j.backend.reference.ReferenceBackend;
import org.moe4j.cost.Ledger;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.RoundRobinRouter;
import org.moe4j.experts.RouterSpec;
import org.moe4j.experts.RoutingStatistics;
import org.moe4j.experts.SpecCatalog;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.model.Repeat;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.nn.Init;
import org.moe4j.nn.Pass;

/** A router written in one file of the tests, of which no other file knows, races, is counted, is measured and has its gradients checked. */
class AddARouterTest {
    private static final SpecReader READER = new SpecReader(new SpecModule(ModelSpec.CATALOG));
    private static final String NAME = "round-robin";
    private static final RouterSpec ROUTER = SpecCatalog.ROUTERS.example(NAME).withExperts(4, 1);
    private static final ModelSpec MODEL = new Transformer.Spec(7, 4, 4, CausalSelfAttention.Spec.rotary(2, 1, 10_000), true,
        Repeat.everyBlock(1, new MixtureOfExperts.Spec(ROUTER, new MlpExperts.Spec(2, Activation.GELU, false))));

    @TempDir
    Path folder;

    @Test
    void isOneShortFile() throws IOException {
        assertThat(ROUTER).isInstanceOf(RoundRobinRouter.Spec.class);
        assertThat(Files.readAllLines(Path.of("src/test/java/org/moe4j/experts/RoundRobinRouter.java"))).hasSizeLessThan(60);
    }

    @ParameterizedTest
    @ValueSource(strings = {NAME, "random", "hierarchical", "strictly-balanced"})
    void races(String router) throws IOException {
        Sweep sweep = Sweep.of(with(router, 1, TinySweep.text(folder)));
        ResultStore store = ResultStore.open(folder.resolve("out"), sweep.spec(), false, READER);
        SweepRunner.Outcome outcome = new SweepRunner(sweep, store, ProgressBars.lines(new PrintStream(new ByteArrayOutputStream())), "a test").run();
        assertThat(outcome.failures()).isEmpty();
        TrialSummary summary = outcome.results().getFirst().summary();
        assertThat(summary.validationLoss()).isLessThan(Math.log(256) - 0.5);
        assertThat(summary.experts()).isEqualTo(4);
        assertThat(summary.loadPerExpert()).hasSize(4);
    }

    static List<String> routers() {
        return List.copyOf(SpecCatalog.ROUTERS.names());
    }

    /** Every router there is races at granularity 1 and 4, or is refused in a sentence that names it. */
    @ParameterizedTest
    @MethodSource("routers")
    void everyRouterRacesOrIsRefusedByName(String router) throws IOException {
        Path text = TinySweep.text(folder);
        for (int granularity : List.of(1, 4)) {
            try {
                assertThat(Sweep.of(with(router, granularity, text)).plans()).hasSize(1);
            } catch (InputException refused) {
                assertThat(refused.getMessage()).startsWith("router " + router + " cannot choose " + granularity + " of " + 4 * granularity + " experts");
                assertThat(refused.getMessage().lines()).hasSize(1);
            }
        }
    }

    @Test
    void aRouterOfOneExpertATokenRacesAtGranularityOneAlone() throws IOException {
        Path text = TinySweep.text(folder);
        assertThatThrownBy(() -> Sweep.of(with("switch", 4, text))).isInstanceOf(InputException.class)
            .hasMessageStartingWith("router switch cannot choose 4 of 16 experts, as granularity 4 wants: ").hasMessageContaining("perToken is 4");
    }

    @Test
    void isCounted() {
        List<Part> parts = Ledger.of(MODEL).parts();
        assertThat(parts).contains(Part.dense(0, "router", Part.Kind.ROUTER, 4 * 4, 4 * (2 * 4 * 4)));            // W (E,D)
        assertThat(parts).contains(new Part(0, "experts", Part.Kind.FEED_FORWARD, 4 * 2 * 4 * 2, 0, 2 * 4 * 2, 4 * (2 * 2 * 4 * 2 + 2 * 4)));     // two products and the gated sum
    }

    @Test
    void isMeasuredAndHasItsGradientsChecked() {
        Backend on = new ReferenceBackend();
        LanguageModel model = MODEL.build(new Init(on, 1));
        int[] tokens = {1, 2, 3, 4, 5, 6, 0, 1};
        try (Tape t = new Tape(on, new Arena(on))) {
            RoutingStatistics statistics = RoutingStatistics.of(model.forward(t, tokens, Pass.training(2, 4, 1, 0)).routings().getFirst());
            assertThat(statistics.load()).containsExactly(2, 2, 2, 2);
        }
        on.scale(20, model.parameters().getFirst().data());
        GradientCheck.Result worst = GradientCheck.of(on, model.parameters(), t -> {
            LanguageModel.Output output = model.forward(t, tokens, Pass.training(2, 4, 1, 0));
            return List.of(output.total(t, output.crossEntropy(t, new int[] {2, 3, 4, 5, 6, 0, 1, 2})));
        }, 1);
        assertThat(worst.error()).as(worst.toString()).isLessThan(1e-6);
    }

    private static SweepSpec with(String router, int granularity, Path text) {
        SweepSpec s = TinySweep.arms(TinySweep.spec(text), List.of("moe"), List.of(granularity));
        return new SweepSpec(s.budget(), s.arms(), s.granularity(), s.expansion(), router, s.place(), s.outputNorm(), s.dim(), s.layers(), s.heads(),
            s.hidden(), s.sequence(), s.subKeys(), s.retrievalHeads(), s.perHead(), s.keyDim(), s.batch(), s.learningRate(), s.warmup(), s.seeds(),
            s.text(), s.tokenizer(), s.validationTokens(), s.evaluations(), s.device(), s.threads(), s.parallel());
    }
}
