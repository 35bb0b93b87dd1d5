package org.moe4j.cli.huggingface;

import java.nio.file.Path;
import java.util.concurrent.Callable;

import org.moe4j.backend.Backend;
import org.moe4j.interchange.HuggingFaceExport;
import org.moe4j.io.InputException;
import org.moe4j.model.Transformer;
import org.moe4j.train.Checkpoint;
import org.moe4j.train.SavedModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a model that was trained here as transformers would have it. */
@Command(name = "export", sortOptions = false, description = "Writes a checkpoint that was trained here as a folder that transformers loads; unless it was trained on bytes, without tokenizer.")
final class Export implements Callable<Integer> {
    @Parameters(paramLabel = "CHECKPOINT", description = "the folder of the checkpoint (it has a checkpoint.json)")
    private Path source;

    @Mixin
    private Output output;

    @Option(names = "--bytes", description = "it was trained on bytes: a tokenizer.json that says so goes with it")
    private boolean bytes;

    @Option(names = "--end-of-text", paramLabel = "TOKEN", description = "the token that ends a text, for config.json; 0 by default, as in the tokenizers here")
    private int endOfText;

    @Mixin
    private Computing computing;

    @Override
    public Integer call() {
        HuggingFaceExport export = output.export();
        try (Backend on = computing.open()) {
            Checkpoint checkpoint = Checkpoint.in(source);
            if (!(SavedModel.spec(checkpoint) instanceof Transformer.Spec)) {
                throw new InputException(source + " holds no transformer, and no other kind of model has a layout; experiments/run export writes any model's weights");
            }
            Transformer model = (Transformer) SavedModel.load(on, checkpoint);
            if (bytes) {
                export.writeOfBytes(output.folder(), model);
            } else {
                export.write(output.folder(), model, endOfText);
            }
            System.out.println("written to " + output.folder());
            return 0;
        }
    }
}
