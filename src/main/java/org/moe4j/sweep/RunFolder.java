package org.moe4j.sweep;

import java.nio.file.Files;
import java.nio.file.Path;

import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;

/**
 * The folder of one training run: {@code run.yaml} has what was asked for, {@code spec.yaml} the full spec of the trial, {@code model.yaml} the
 * model's alone, {@code metrics.csv} the steps, {@code checkpoint} the model and its optimizer, and {@code result.json} the result once it is
 * done.
 */
public final class RunFolder {
    private static final String ASKED = "run.yaml";

    private final Path folder;
    private final SpecReader reader;

    public RunFolder(Path folder, SpecReader reader) {
        this.folder = folder;
        this.reader = reader;
    }

    public Path path() {
        return folder;
    }

    /** What a run that was begun here was asked for.
     *
     *  @throws InputException if none was */
    public RunSpec asked() {
        if (!Files.exists(folder.resolve(ASKED))) {
            throw new InputException("cannot resume " + folder + ": it has no " + ASKED + "; leave out --resume to begin there");
        }
        return reader.read(folder.resolve(ASKED), RunSpec.class);
    }

    /** The run that was begun here.
     *
     *  @param wanted what is asked for now
     *  @throws InputException if it is something else, or the folder is unsound */
    public Run resume(RunSpec wanted) {
        RunSpec asked = asked();
        if (!asked.differences(wanted).isEmpty()) {
            throw new InputException("cannot resume " + folder + ": its " + ASKED + " differs from this run in " + String.join(", ", asked.differences(wanted))
                + "; leave these options out, or give another --out");
        }
        return Run.begun(wanted, reader.read(folder.resolve("spec.yaml"), TrialSpec.class));
    }

    /** Refuses a folder that a new run could not be written to, before there is a model.
     *
     *  @throws InputException if it has something in it already */
    public void requireEmpty() {
        OutputFolder.requireEmpty(folder);
    }

    /** Makes the folder of a new run.
     *
     *  @throws InputException if it can't be written, or has something in it already */
    public void begin(Run run) {
        OutputFolder.make(folder);
        AtomicFile.write(folder.resolve("spec.yaml"), reader.toYaml(run.trial()));
        AtomicFile.write(folder.resolve("model.yaml"), reader.toYaml((Record) run.trial().model()));
        AtomicFile.write(folder.resolve(ASKED), reader.toYaml(run.spec()));
    }

    public void keep(TrialResult result) {
        AtomicFile.write(folder.resolve("result.json"), reader.toJson(result));
    }
}
