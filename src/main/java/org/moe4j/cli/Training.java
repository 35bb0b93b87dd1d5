package org.moe4j.cli;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

import org.moe4j.backend.Backend;
import org.moe4j.backend.Backends;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.report.TextTable;
import org.moe4j.sweep.CtrlC;
import org.moe4j.sweep.Environment;
import org.moe4j.sweep.ProgressBars;
import org.moe4j.sweep.Run;
import org.moe4j.sweep.RunFolder;
import org.moe4j.sweep.RunSpec;
import org.moe4j.sweep.Trial;
import org.moe4j.sweep.TrialResult;
import org.moe4j.sweep.TrialSummary;
import org.moe4j.train.Evaluation;
import org.moe4j.train.Recipe;

/** Trains one model: a published architecture cut down to what trains here, or the model of a spec file. */
public final class Training {
    private final SpecReader reader = new SpecReader(new SpecModule(ModelSpec.CATALOG));
    private final SpecOptions.Given given;
    private final String command;

    private Training(SpecOptions.Given given, String command) {
        this.given = given;
        this.command = command;
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        SpecOptions options = new SpecOptions("experiments/run train", "Trains one model: an architecture of a paper, cut down, or one of your own.", RunSpec.class)
            .option("--out", "DIR", "where results go; out/train-DATE-TIME by default")
            .option("--resume", null, "go on with the run in --out")
            .option("--list", null, "the architectures")
            .option("--dry-run", null, "print parts, memory, FLOPs and time; train nothing")
            .option("--help", null, "this text");
        return ExitCode.of(() -> {
            SpecOptions.Given given = options.parse(args);
            if (given.has("--help")) {
                System.out.print(options.usage());
            } else if (given.has("--list")) {
                System.out.print(names());
            } else {
                new Training(given, ("experiments/run train " + String.join(" ", args)).strip()).run();
            }
        });
    }

    private static TextTable names() {
        TextTable table = new TextTable("name", "recipe", "paper").wordsLast();
        Architecture.all().forEach(a -> table.row(a.name(), Recipe.of(a.name()).name(), a.paper()));
        return table;
    }

    private void run() {
        boolean resume = given.has("--resume");
        RunFolder folder = new RunFolder(SpecOptions.folder(given, "train"), reader);
        Run run = resume ? folder.resume(reader.parseOptions(given.yaml(), folder.asked())) : Run.of(reader.parseOptions(given.yaml(), RunSpec.DEFAULT), reader);
        if (given.has("--dry-run")) {
            System.out.print(RunTable.text(run));
            return;
        }
        run.requireMemory();
        if (!resume) {
            folder.requireEmpty();
        }
        train(run, folder, resume);
    }

    private void train(Run run, RunFolder folder, boolean resume) {
        int threads = run.spec().threads() == 0 ? Runtime.getRuntime().availableProcessors() : run.spec().threads();
        ProgressBars bars = ProgressBars.onConsole();
        try (Backend on = Backends.open(run.spec().device(), threads)) {
            Trial trial = new Trial(run.trial(), run.text(), on, folder.path());
            if (!resume) {
                folder.begin(run);                                                // only now: a store of experts may have been refused
            }
            bars.say(RunTable.headline(run) + "; results go to " + folder.path());
            try (CtrlC _ = new CtrlC(trial::stop, "Stopped; experiments/run train --out " + folder.path() + " --resume goes on from here.")) {
                trial.run(bars).ifPresent(summary -> {
                    folder.keep(new TrialResult(run.trial(), summary, trial.skippedSteps(), command, Environment.here().on(on), on.name(), threads));
                    System.out.print(ended(summary, trial.evaluation()));
                });
            }
        }
    }

    private static String ended(TrialSummary s, Evaluation last) {
        return String.format(Locale.ROOT, "validation: %.3f nats/token, %.3f bits/byte after %,d tokens (%,.0f tokens/s)%n", s.validationLoss(), s.bitsPerByte(),
            s.tokens(), s.tokensPerSecond()) + RoutingTable.of(last);
    }
}
