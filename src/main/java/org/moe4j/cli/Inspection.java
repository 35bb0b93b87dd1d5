package org.moe4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;

import org.moe4j.autodiff.Arena;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.cost.Ledger;
import org.moe4j.experts.FeedForwardSpec;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SafetensorsFile;
import org.moe4j.io.SpecReader;
import org.moe4j.model.LanguageModel;
import org.moe4j.model.ModelSpec;
import org.moe4j.tensor.Shape;
import org.moe4j.train.Adam;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.Evaluation;
import org.moe4j.train.SavedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says what a checkpoint of any model is: exit code 0, or 2 with one sentence for a mistake. */
@Command(name = "experiments/run inspect", sortOptions = false,
    description = "What a checkpoint is: parameters part by part, layers, how it came about. With --text, what it makes of it and which experts work.")
public final class Inspection implements Callable<Integer> {
    private static final SpecReader READER = new SpecReader(new SpecModule(ModelSpec.CATALOG));

    @Parameters(paramLabel = "DIR", description = "the folder of a checkpoint, or of the run that left one")
    private Path folder;

    @Option(names = "--tensors", description = "name every tensor, with its shape")
    private boolean tensors;

    @Option(names = "--yaml", description = "print the model's spec alone, to change and to train with --model")
    private boolean yaml;

    @Mixin
    private ModelText text;

    @Option(names = "--device", paramLabel = "NAME", description = "for --text: auto (default), simd for float32 checkpoints, reference for float64")
    private String device = "auto";

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() {
        Checkpoint checkpoint = Checkpoint.in(folder);
        if (!checkpoint.exists() && Files.exists(folder.resolve("config.json"))) {
            throw new InputException(folder + " is no checkpoint of this project's; if it is one of Hugging Face's, experiments/run huggingface inspect says what is in it");
        }
        ModelSpec spec = SavedModel.spec(checkpoint);
        if (yaml) {
            System.out.print(READER.toYaml((Record) spec));
            return 0;
        }
        Optional<Evaluation> measured = text.given() ? Optional.of(measure(checkpoint)) : Optional.empty(); // first, as it may refuse the text
        Ledger ledger = Ledger.of(spec);
        say("%s: %s of width %,d, %,d tokens in the vocabulary, sequences of %,d", checkpoint.folder(), ModelSpec.CATALOG.nameOf(spec), spec.dim(), spec.vocabulary(),
            spec.sequence());
        history(checkpoint.facts());
        say("%n%s", table(ledger, checkpoint));
        layers(spec.feedForwards());
        files(checkpoint);
        measured.ifPresent(e -> say("%non this text: %.4f nats/token, %.4f bits/byte%n%s", e.natsPerToken(), e.bitsPerByte(), RoutingTable.of(e)));
        return 0;
    }

    /** Bytes as they lie in the file; of an optimizer's state, where the file has none, what Adam would keep. */
    private static String table(Ledger ledger, Checkpoint checkpoint) {
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint.tensors())) {
            Map<Integer, Long> state = new TreeMap<>();
            file.names().stream().filter(SavedModel::isOptimizers)
                .forEach(name -> state.merge(Ledger.block(SavedModel.besides(name)), file.segment(name).byteSize(), Long::sum));
            DType values = file.names().stream().anyMatch(name -> file.dtype(name) == DType.F64) ? DType.F64 : DType.F32;
            if (state.isEmpty()) {
                return new LedgerTable(ledger, values, DType.F32, ledger.optimizerBytes(new Adam.Spec()::stateBytes), null).text()
                    + "no optimizer's state is in it: that column is what Adam would keep in float32\n";
            }
            return new LedgerTable(ledger, values, values, state, null).text();
        }
    }

    private static void history(Map<String, String> facts) {
        if (facts.containsKey("step")) {
            say("trained for %s steps on %s tokens, %s steps skipped, %s restarts", facts.get("step"), facts.get("tokens"), facts.get("skipped"), facts.get("restarts"));
        }
        if (facts.containsKey("surgery")) {
            say("made by: %s", facts.get("surgery"));
        }
    }

    /** Every feed-forward layer as a spec has it; layers in a row that are alike in one line. */
    private static void layers(List<FeedForwardSpec> layers) {
        for (int from = 0; from < layers.size();) {
            int to = from;
            while (to + 1 < layers.size() && layers.get(to + 1).equals(layers.get(from))) {
                to++;
            }
            say("feed-forward %s: %s", from == to ? Integer.toString(from) : from + "-" + to, READER.toJson((Record) layers.get(from)));
            from = to + 1;
        }
    }

    private void files(Checkpoint checkpoint) {
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint.tensors())) {
            long ofOptimizer = file.names().stream().filter(SavedModel::isOptimizers).count();
            say("%ntensors: %,d of the model and %,d of its optimizer in %s", file.names().size() - ofOptimizer, ofOptimizer, checkpoint.tensors());
            if (tensors) {
                file.names().forEach(name -> say("  %s %s %s", name, file.dtype(name), shape(file.shape(name))));
            }
        }
    }

    private Evaluation measure(Checkpoint checkpoint) {
        try (Backend on = Backends.open(device, Runtime.getRuntime().availableProcessors())) {
            LanguageModel model = SavedModel.load(on, checkpoint);
            return Evaluation.of(on, new Arena(on), model, text.validation(text.open(model), model));
        }
    }

    private static String shape(long[] dims) {
        return Shape.of(Arrays.stream(dims).mapToInt(Math::toIntExact).toArray()).toString();
    }

    private static void say(String format, Object... values) {
        System.out.printf(Locale.ROOT, format, values);
        System.out.println();
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new Inspection(), missing -> "give the folder of a checkpoint: experiments/run inspect DIR", args);
    }
}
