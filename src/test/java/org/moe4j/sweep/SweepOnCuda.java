package org.moe4j.sweep;

import java.nio.file.Path;
import java.util.List;

import org.moe4j.experts.SpecModule;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;

/** A tiny sweep on a GPU as a program: prints how it ended. */
final class SweepOnCuda {
    private SweepOnCuda() {}

    /** @param arguments a folder for text and results, and the arms */
    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        SweepSpec spec = TinySweep.on("cuda", TinySweep.arms(TinySweep.spec(TinySweep.text(folder)), List.of(arguments).subList(1, arguments.length), List.of(2)));
        Sweep sweep = Sweep.of(spec);
        ResultStore store = ResultStore.open(folder.resolve("out"), spec, false, new SpecReader(new SpecModule(ModelSpec.CATALOG)));
        SweepRunner.Outcome outcome = new SweepRunner(sweep, store, ProgressBars.lines(System.out), "test").run();
        outcome.results().forEach(result -> IO.println("done: " + result.spec().label() + " on " + result.backend()));
        outcome.failures().forEach(IO::println);
    }
}
