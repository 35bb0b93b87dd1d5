package org.moe4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.model.LanguageModel;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.SavedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes the weights of any model for other programs: exit code 0, or 2 with one sentence for a mistake. */
@Command(name = "experiments/run export", sortOptions = false, description = "Writes the weights of a checkpoint as one safetensors file, without optimizer state; names are "
    + "this project's, and the model's spec stands in the file's metadata. Models of Mixtral's and OLMoE's layout go to Hugging Face with experiments/run huggingface export.")
public final class WeightsExport implements Callable<Integer> {
    @Parameters(paramLabel = "DIR", description = "the folder of a checkpoint, or of the run that left one")
    private Path folder;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "the file to write, such as model.safetensors; one that is there is not replaced")
    private Path out;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "f32 (default), bf16, f16 or f64: what weights are rounded to")
    private String dtype = "f32";

    @Option(names = "--device", paramLabel = "NAME", description = "auto (default), simd for float32 checkpoints, reference for float64")
    private String device = "auto";

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    @Override
    public Integer call() {
        if (Files.exists(out)) {
            throw new InputException(out + " is there already; remove it or give another --out");
        }
        DType type = DType.named(dtype.toUpperCase(Locale.ROOT));
        if (!type.isFloat()) {
            throw new InputException("--dtype is " + dtype + ", weights are f32, bf16, f16 or f64");
        }
        Checkpoint checkpoint = Checkpoint.in(folder);
        try (Backend on = Backends.open(device, Runtime.getRuntime().availableProcessors())) {
            LanguageModel model = SavedModel.load(on, checkpoint);
            SavedModel.writeWeights(on, model, type, out);
            System.out.printf(Locale.ROOT, "%s: %,d tensors%n", out, model.parameters().size());
        }
        return 0;
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new WeightsExport(), missing -> "give the folder of a checkpoint and --out FILE: experiments/run export DIR --out model.safetensors", args);
    }
}
