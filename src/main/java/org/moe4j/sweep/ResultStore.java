package org.moe4j.sweep;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.moe4j.io.AtomicFile;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;

/**
 * The folder of a sweep: {@code sweep.yaml}, and for each trial a folder with its metrics, its checkpoints while it runs, and
 * {@code result.json} once it is done. A trial with a result is never run again.
 */
public final class ResultStore {
    private final Path folder;
    private final SpecReader reader;

    private ResultStore(Path folder, SpecReader reader) {
        this.folder = folder;
        this.reader = reader;
    }

    /**
     * Makes the folder of a new sweep, or with {@code resume} opens the one that was begun.
     *
     * @throws InputException if the folder can't be written, already has something in it, or belongs to another sweep
     */
    public static ResultStore open(Path folder, SweepSpec spec, boolean resume, SpecReader reader) {
        ResultStore store = new ResultStore(folder, reader);
        Path stored = folder.resolve("sweep.yaml");
        if (resume) {
            if (!Files.exists(stored)) {
                throw new InputException("cannot resume " + folder + ": it has no sweep.yaml; leave out --resume to begin there");
            }
            SweepSpec begun = reader.read(stored, SweepSpec.class);
            if (!begun.sameRace(spec)) {
                throw new InputException("cannot resume " + folder + ": its sweep.yaml differs from this sweep in "
                    + String.join(", ", begun.differences(spec)) + "; give the same options, or another --out");
            }
            return store;
        }
        OutputFolder.make(folder);
        AtomicFile.write(stored, reader.toYaml(spec));
        return store;
    }

    public Path folder() {
        return folder;
    }

    /** The folder of one trial. */
    public Path trialFolder(TrialSpec trial) {
        return folder.resolve("trials").resolve(trial.label().toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-") + "-seed" + trial.seed());
    }

    /** The result of a trial that is done. */
    public Optional<TrialResult> result(TrialSpec trial) {
        Path file = trialFolder(trial).resolve("result.json");
        return Files.exists(file) ? Optional.of(reader.read(file, TrialResult.class)) : Optional.empty();
    }

    /** Keeps the result of a trial; from now on it is done. */
    public void keep(TrialResult result) {
        AtomicFile.write(trialFolder(result.spec()).resolve("result.json"), reader.toJson(result));
    }

    /** Keeps the full spec of a trial that begins. */
    public void begin(TrialSpec trial) {
        AtomicFile.write(trialFolder(trial).resolve("spec.yaml"), reader.toYaml(trial));
    }

    /** The results of all trials that are done, in the order given. */
    public List<TrialResult> results(List<TrialSpec> trials) {
        List<TrialResult> done = new ArrayList<>();
        trials.forEach(t -> result(t).ifPresent(done::add));
        return done;
    }
}
