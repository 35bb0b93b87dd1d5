package org.moe4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.moe4j.experts.MixtureOfExperts;
import org.moe4j.experts.MlpExperts;
import org.moe4j.experts.SpecModule;
import org.moe4j.experts.StrictlyBalancedRouter;
import org.moe4j.experts.TopKRouter;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Repeat;
import org.moe4j.model.RecurrentModel;
import org.moe4j.model.Transformer;
import org.moe4j.nn.Activation;
import org.moe4j.nn.CausalSelfAttention;
import org.moe4j.sweep.TinySweep;
import org.moe4j.sweep.TrialResult;

class TrainingTest {
    private static final SpecReader READER = new SpecReader(new SpecModule(ModelSpec.CATALOG));
    private static final String[] TINY = {"--tokenizer", "bytes", "--validation-tokens", "256", "--batch", "4", "--steps", "4", "--threads", "1"};
    private static final String[] SMALL = {"--dim", "8", "--layers", "2", "--experts", "4", "--sequence", "8"};
    private static final ModelSpec MINE = new Transformer.Spec(256, 8, 8, CausalSelfAttention.Spec.rotary(1, 1, 10_000), true,
        Repeat.everyBlock(2, new MixtureOfExperts.Spec(new TopKRouter.Spec(4, 2), new MlpExperts.Spec(8, Activation.RELU, false))));

    @TempDir
    Path folder;

    @Test
    void trainsAnArchitectureAndLeavesEverythingInItsFolder() throws IOException {
        Path out = folder.resolve("out");
        Ran ran = train("--architecture", "glam-64b-64e", "--out", out.toString());
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out()).contains("glam-64b-64e", "by the glam recipe", "validation: ", "bits/byte", "max/mean load");
        assertThat(ran.exit()).isZero();
        TrialResult result = READER.read(out.resolve("result.json"), TrialResult.class);
        assertThat(result.summary().validationLoss()).isPositive();
        assertThat(result.command()).contains("--architecture glam-64b-64e");
        assertThat(Files.readAllLines(out.resolve("metrics.csv"))).hasSize(1 + 4);
        assertThat(out.resolve("checkpoint/checkpoint.json")).exists();
        assertThat(Files.readString(out.resolve("spec.yaml"))).contains("adafactor");
        assertThat(READER.read(out.resolve("model.yaml"), ModelSpec.class)).isEqualTo(result.spec().model());
    }

    @Test
    void trainsTheModelOfAFileAsItStands() throws IOException {
        Path model = Files.writeString(folder.resolve("mine.yaml"), yaml());
        Path out = folder.resolve("out");
        Ran ran = plain("--model", model.toString(), "--out", out.toString());
        assertThat(ran.err()).isEmpty();
        assertThat(ran.out()).contains("mine: ", "by the adamw recipe");
        assertThat(READER.read(out.resolve("result.json"), TrialResult.class).spec().model()).isEqualTo(MINE);
    }

    /** What a file does not say is the architecture's that it names. */
    @Test
    void trainsAnArchitectureWithSomethingElseInIt() throws IOException {
        Path model = Files.writeString(folder.resolve("mine.yaml"), "preset: moe2017-256\nvocabulary: 256\ndim: 8\nsequence: 8\nlayers:\n- lstm: {units: 8, projection: 0}\n"
            + "- feedForward: {type: mixture-of-experts, router: {type: strictly-balanced, experts: 4}, experts: {type: mlp, hidden: 8, activation: relu, bias: false}, shared: [], outputNorm: false}\n");
        Path out = folder.resolve("out");
        Ran ran = plain("--model", model.toString(), "--out", out.toString(), "--recipe", "moe2017");
        assertThat(ran.err()).isEmpty();
        RecurrentModel.Spec spec = (RecurrentModel.Spec) READER.read(out.resolve("model.yaml"), ModelSpec.class);
        assertThat(spec.sigmoid()).isTrue();
        assertThat(((MixtureOfExperts.Spec) spec.feedForwards().getFirst()).router()).isInstanceOf(StrictlyBalancedRouter.Spec.class);
        refuses("unknown architecture 'moe2017-257'", plain("--model", Files.writeString(model, "preset: moe2017-257\n").toString()));
    }

    /** PanGu-Sigma's experts in files: those of an earlier run or of another size are refused, and leave no folder of results. */
    @Test
    void aStoreThatIsNotItsOwnLeavesNothingBehind() throws IOException {
        Path store = folder.resolve("store");
        Path model = Files.writeString(folder.resolve("stored.yaml"), yaml().replaceFirst("(?s)experts:\n *type: mlp\n.*?bias: false",
            "experts: {type: stored-mlp, hidden: 8, activation: relu, store: '" + store + "'}"));
        assertThat(plain("--model", model.toString(), "--out", folder.resolve("first").toString()).err()).isEmpty();
        Path second = folder.resolve("second");
        refuses("has rows of an earlier run", plain("--model", model.toString(), "--out", second.toString()));
        try (FileChannel file = FileChannel.open(store.resolve("blocks.0.feedForward.experts.in.rows"), StandardOpenOption.WRITE)) {
            file.truncate(4100);
        }
        refuses("has 4100 bytes, where its rows want ", plain("--model", model.toString(), "--out", second.toString()));
        assertThat(second).doesNotExist();
        assertThat(plain("--model", model.toString(), "--out", folder.resolve("first").toString()).err()).contains("is not empty");
    }

    private static String yaml() {
        return READER.toYaml((Record) MINE);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
        --architecture mixtrall           | unknown architecture 'mixtrall': did you mean 'mixtral-8x7b'?
        --recipe glm                      | unknown recipe 'glm': did you mean 'glam'?
        --dim 10                          | dim is 10, a resized model wants a multiple of 4; 12 would do
        --layers 0                        | layers is 0, it has to be at least 1
        --experts 0                       | experts is 0
        --experts many                    | experts
        --steps 0                         | steps is 0, it has to be at least 1
        --budget 1e12                     | steps and budget are both given
        --batch 0                         | batch is 0
        --learning-rate 0                 | learningRate is 0.0, it has to be above 0
        --learning-rate -1                | learningRate is -1.0, it has to be above 0
        --tokenizer words                 | tokenizer is 'words', want bytes, or bpe:SIZE
        --device gpu                      | gpu
        --dim 8 --dim 16                  | option --dim is given twice
        --bacth 3                         | unknown option '--bacth': did you mean '--batch'?
        --validation-tokens 900000        | validation on 900000 tokens: the validation text has only
        --sequence 6000                   | less than one sequence of 6000; --validation-tokens 6000 or shorter
        --sequence 60000                  | sequence is 60000, mixtral-8x7b can be cut down to at most its own 32768
        --dim 8192                        | dim is 8192, mixtral-8x7b can be cut down to at most its own 4096
        --resume                          | --resume wants --out
        --resume --out nowhere            | cannot resume nowhere: it has no run.yaml
        --dim 4096 --experts 8 --batch 64 | the heap is too small: mixtral-8x7b of width 4096 needs
        words                             | 'words' is not an option
        """)
    void aMistakeIsOneSentenceAndExitCodeTwo(String options, String sentence) throws IOException {
        refuses(sentence, train(options.split(" ")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        topK: 2                | topK: 5            | topK is 5, more than the number of experts 4
        dim: 8                 | dim: 9             | heads is 1, which does not cut dim 9
        heads: 1               | heads: 3           | heads is 3, which does not divide dim 8
        vocabulary: 256        | vocabulary: 99     | vocabulary is 99, fewer than the 256 tokens of the tokenizer bytes
        type: top-k            | type: topk         | did you mean 'top-k'
        type: transformer      | type: tranformer   | did you mean 'transformer'
        hidden: 8              | hiden: 8           | did you mean 'hidden'
        router: ROUTER         | {type: switch, experts: 4, capacityFactor: 0}     | capacityFactor is 0.0
        router: ROUTER         | {type: capacity, experts: 4, capacityFactor: -1}  | capacityFactor is -1.0
        router: ROUTER         | {type: hierarchical, experts: 8, groups: 3} | groups is 3, which does not cut 8 experts
        """)
    void aMistakeInAModelIsNamed(String instead, String written, String sentence) throws IOException {
        String wrong = instead.equals("router: ROUTER") ? yaml().replaceFirst("(?s)router:.*?experts:\n", "router: " + written + "\n    experts:\n")
            : yaml().replaceFirst(instead, written);
        Path model = Files.writeString(folder.resolve("model.yaml"), wrong);
        refuses(sentence, plain("--model", model.toString()));
    }

    private void refuses(String sentence, Ran ran) {
        assertThat(ran.err().strip().lines()).hasSize(1);
        assertThat(ran.err()).contains(sentence).doesNotStartWith("spec");
        assertThat(ran.exit()).isEqualTo(2);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void aDryRunTrainsNothing() throws IOException {
        Path out = folder.resolve("out");
        Ran ran = train("--dry-run", "--budget", "1e9", "--out", out.toString());
        assertThat(ran.out()).contains("experts", "attention", "parameters", "optimizer state", "training FLOPs", "about 0.0 seconds");
        assertThat(ran.exit()).isZero();
        assertThat(out).doesNotExist();
    }

    @Test
    void aRunThatWasStoppedGoesOnToTheSameResult() throws Exception {
        Path whole = folder.resolve("whole");
        Path stopped = folder.resolve("stopped");
        Process first = child(stopped, "--steps", "1000", "--evaluations", "1");
        assertThat(train("--steps", "1000", "--evaluations", "1", "--out", whole.toString()).exit()).isZero();
        Path checkpoint = stopped.resolve("checkpoint/checkpoint.json");
        for (int i = 0; i < 1200 && first.isAlive() && !Files.exists(checkpoint); i++) {
            Thread.sleep(20);
        }
        first.destroy();                                                          // SIGTERM ends the JVM as SIGINT does
        assertThat(first.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(stopped.resolve("result.json")).doesNotExist();
        assertThat(Files.readString(folder.resolve("stopped.log"))).contains("--resume goes on from here");

        refuses("cannot resume " + stopped + ": its run.yaml differs from this run in steps, seed; leave these options out, or give another --out",
            Ran.of(() -> Training.run("--out", stopped.toString(), "--resume", "--seed", "2", "--steps", "7")));
        Ran rest = Ran.of(() -> Training.run("--out", stopped.toString(), "--resume"));
        assertThat(rest.err()).isEmpty();
        assertThat(rest.exit()).isZero();
        TrialResult a = READER.read(whole.resolve("result.json"), TrialResult.class);
        TrialResult b = READER.read(stopped.resolve("result.json"), TrialResult.class);
        assertThat(b.spec()).isEqualTo(a.spec());
        assertThat(b.summary().validationLoss()).isEqualTo(a.summary().validationLoss());
    }

    @Test
    void theListHasEveryArchitecture() {
        assertThat(Ran.of(() -> Training.run("--list")).out()).contains("mixtral-8x7b", "glam-64b-64e", "gpt-4-rumour");
    }

    /** With the tiny defaults; what is given again counts. */
    private Ran train(String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of(options));
        addMissing(all, SMALL);
        return plain(all.toArray(String[]::new));
    }

    private Ran plain(String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of(options));
        addMissing(all, TINY);
        all.addAll(List.of("--text", TinySweep.text(folder).toString()));
        return Ran.of(() -> Training.run(all.toArray(String[]::new)));
    }

    private static void addMissing(List<String> options, String[] defaults) {
        for (int i = 0; i < defaults.length; i += 2) {
            boolean budgetForSteps = defaults[i].equals("--steps") && options.contains("--budget") && options.contains("--dry-run");
            if (!options.contains(defaults[i]) && !budgetForSteps) {
                options.addAll(List.of(defaults[i], defaults[i + 1]));
            }
        }
    }

    private Process child(Path out, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of(options));
        addMissing(all, SMALL);
        addMissing(all, TINY);
        List<String> command = new ArrayList<>(List.of(ProcessHandle.current().info().command().orElseThrow(), "--add-modules=jdk.incubator.vector", "-Xmx1g",
            "-cp", System.getProperty("java.class.path"), "experiments/train.java", "--text", TinySweep.text(folder).toString(), "--out", out.toString()));
        command.addAll(all);
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(folder.resolve(out.getFileName() + ".log").toFile()).start();
    }
}
