package org.moe4j.train;

import java.util.Comparator;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The last two of the checkpoints that a run writes now and then to go back to, in folders of its own checkpoint's. A folder may hold
 * a step that lies ahead of a run which went back or was started again: it counts as not there, and is written over when the run gets to it.
 */
record EarlierCheckpoints(Checkpoint of) {
    private static final int KEPT = 2;

    /** Where the checkpoint with this number, counted from the run's start, goes. */
    Checkpoint numbered(long number) {
        return new Checkpoint(of.folder().resolve("earlier-" + number % KEPT));
    }

    /** The older one of those before this step, or at it. */
    Optional<Checkpoint> oldest(long step) {
        return all().filter(Checkpoint::exists).filter(c -> stepOf(c) <= step).min(Comparator.comparingLong(EarlierCheckpoints::stepOf));
    }

    void delete() {
        all().forEach(Checkpoint::delete);
    }

    private Stream<Checkpoint> all() {
        return IntStream.range(0, KEPT).mapToObj(this::numbered);
    }

    private static long stepOf(Checkpoint checkpoint) {
        return Long.parseLong(checkpoint.facts().get("step"));
    }
}
