package org.moe4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

import org.moe4j.autodiff.Parameter;
import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.SavedModel;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Where the models of an operation of {@link Surgery} come from and go to. */
final class ModelFolders {
    @Parameters(paramLabel = "DIR", arity = "1..*", description = "the folder of a checkpoint, or of the run that left one")
    private List<Path> from;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "the folder of the new checkpoint")
    private Path out;

    @Option(names = "--seed", paramLabel = "N", description = "of new weights, 1 by default")
    private long seed = 1;

    @Option(names = "--device", paramLabel = "NAME", description = "auto (default), simd or cuda for float32 checkpoints, reference for float64")
    private String device = "auto";

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    List<Path> from() {
        return from;
    }

    long seed() {
        return seed;
    }

    /** What was done to the first model before. */
    private String history() {
        String before = Checkpoint.in(from.getFirst()).facts().get("surgery");
        return before == null ? "" : before + "; ";
    }

    /** Loads the models, operates and saves. */
    int operate(String what, BiFunction<Backend, List<LanguageModel>, LanguageModel> operation) {
        Checkpoint to = new Checkpoint(out);
        if (to.exists()) {
            throw new InputException("there is a checkpoint in " + out + "; give another --out");
        }
        if (Files.isRegularFile(out)) {                                           // now, not after minutes of training
            throw new InputException(out + " is a file, not a folder; give another --out");
        }
        try (Backend on = Backends.open(device, Runtime.getRuntime().availableProcessors())) {
            List<LanguageModel> models = from.stream().map(folder -> SavedModel.load(on, Checkpoint.in(folder))).toList();
            LanguageModel made = operation.apply(on, models);
            SavedModel.save(on, made, to, Map.of("surgery", history() + what));
            System.out.println(out + ": " + count(models.getFirst()) + " parameters became " + count(made));
        }
        return 0;
    }

    int operateOnOne(String what, BiFunction<Backend, LanguageModel, LanguageModel> operation) {
        if (from.size() > 1) {
            throw new InputException(from.size() + " folders are given, this operation is on one");
        }
        return operate(what, (on, models) -> operation.apply(on, models.getFirst()));
    }

    private static String count(LanguageModel model) {
        return "%,d".formatted(model.parameters().stream().filter(p -> p.kind() != Parameter.Kind.BUFFER).mapToLong(p -> p.shape().size()).sum());
    }
}
