package org.moe4j.cli.huggingface;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

import org.moe4j.autodiff.Arena;
import org.moe4j.backend.Backend;
import org.moe4j.data.Batches;
import org.moe4j.data.DataSpec;
import org.moe4j.data.TokenSet;
import org.moe4j.data.TokenizerKind;
import org.moe4j.data.Validation;
import org.moe4j.interchange.HuggingFaceExport;
import org.moe4j.interchange.HuggingFaceImport;
import org.moe4j.io.InputException;
import org.moe4j.model.Transformer;
import org.moe4j.sweep.Room;
import org.moe4j.train.Evaluation;
import org.moe4j.train.StepMetrics;
import org.moe4j.train.Trainer;
import org.moe4j.train.TrainingSpec;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a checkpoint on text files and writes it as a new folder. */
@Command(name = "finetune", sortOptions = false, description = "Trains a checkpoint on text and writes it as a new folder, with the same config.json and tokenizer.")
final class FineTune implements Callable<Integer> {
    private static final int LINES = 20;

    @Parameters(paramLabel = "DIR", description = "the checkpoint's folder, with a tokenizer.json of byte-level BPE")
    private Path source;

    @Mixin
    private Output output;

    @Option(names = "--text", paramLabel = "A,B,..", split = ",", hideParamSyntax = true, required = true, description = "files and folders to train on")
    private List<String> text;

    @Option(names = "--validation", paramLabel = "A,B,..", split = ",", hideParamSyntax = true, description = "files and folders to measure on; a tenth of the text by default")
    private List<String> validation = List.of();

    @Option(names = "--steps", paramLabel = "N", description = "optimizer steps, 100 by default")
    private int steps = 100;

    @Option(names = "--batch", paramLabel = "N", description = "sequences of a step, 8 by default")
    private int batch = 8;

    @Option(names = "--sequence", paramLabel = "T", description = "tokens of a sequence, 128 by default")
    private int sequence = 128;

    @Option(names = "--learning-rate", paramLabel = "X", description = "the peak, 1e-4 by default; warm-up over a tenth of the steps, cosine to a tenth")
    private double learningRate = 1e-4;

    @Option(names = "--trained", paramLabel = "A,B,..", split = ",", hideParamSyntax = true, description = "only these parameters, such as experts or blocks.*.router; all by default")
    private List<String> trained = List.of();

    @Option(names = "--validation-tokens", paramLabel = "N", description = "tokens to measure on, 16384 by default; fewer if the text has fewer")
    private int validationTokens = 16_384;

    @Option(names = "--seed", paramLabel = "N", description = "of the batches, 1 by default")
    private long seed = 1;

    @Mixin
    private Computing computing;

    @Override
    public Integer call() {
        HuggingFaceExport export = output.export();
        TrainingSpec training = TrainingSpec.of(batch, steps, learningRate).withSeed(seed).withTrained(trained.toArray(String[]::new));
        DataSpec data = new DataSpec(text, validation, 0.1, 1, TokenizerKind.BYTE, 256);
        try (HuggingFaceImport checkpoint = HuggingFaceImport.open(source); Backend on = computing.open()) {
            if (!checkpoint.hasTokenizer()) {
                throw new InputException(source + " has no tokenizer.json, without which there are no tokens to train on");
            }
            if (sequence < 1 || sequence > checkpoint.spec().sequence()) {
                throw new InputException("--sequence is " + sequence + ", the model's longest is " + checkpoint.spec().sequence());
            }
            Room.requireTraining("fine-tuning " + source, checkpoint.spec(), training, on);
            checkpoint.remarks().forEach(remark -> System.err.println("note: " + remark));
            TokenSet tokens = TokenSet.of(data.corpus(), checkpoint.tokenizer());
            Batches batches = new Batches(tokens, batch, sequence, seed);
            Validation slice = Validation.atMost(validationTokens, tokens, batch, sequence);
            Transformer model = checkpoint.load(on);
            Trainer trainer = new Trainer(on, model, training, batches::at, slice);
            say("before", Evaluation.of(on, new Arena(on), model, slice));
            Evaluation after = trainer.run(this::report).evaluation();
            say("after", after);
            export.write(output.folder(), model, checkpoint);
            System.out.println("written to " + output.folder());
            return 0;
        }
    }

    private void report(StepMetrics step) {
        if (step.step() % Math.max(1, steps / LINES) == 0 || step.step() == steps) {
            System.out.println(String.format(Locale.ROOT, "step %d: %.4f nats/token, %,.0f tokens/s", step.step(), step.loss(), step.tokensPerSecond()));
        }
    }

    private static void say(String when, Evaluation evaluation) {
        System.out.println(String.format(Locale.ROOT, "%s: %.4f nats/token, %.4f bits/byte", when, evaluation.natsPerToken(), evaluation.bitsPerByte()));
    }
}
