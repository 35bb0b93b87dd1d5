package org.moe4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import org.moe4j.experts.SpecModule;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.report.Report;
import org.moe4j.sweep.CtrlC;
import org.moe4j.sweep.Environment;
import org.moe4j.sweep.Preset;
import org.moe4j.sweep.ProgressBars;
import org.moe4j.sweep.ResultStore;
import org.moe4j.sweep.Sweep;
import org.moe4j.sweep.SweepRunner;
import org.moe4j.sweep.SweepSpec;
import org.moe4j.sweep.TrialResult;

/**
 * What the command line of a sweep asks for: its spec from options and YAML, where results go, and how to end. Mistakes are
 * one sentence on standard error and exit code 2, trials that failed exit code 1, Ctrl-C 130 once checkpoints are written.
 */
public final class Study {
    private final String name;
    private final SpecOptions.Given given;
    private final SpecReader reader = new SpecReader(new SpecModule(ModelSpec.CATALOG));
    private final String command;
    private final SweepSpec spec;

    private Study(String name, SpecOptions.Given given, String command) {
        this.name = name;
        this.given = given;
        this.command = command;
        this.spec = read();
    }

    /** What a study does once its options are read. */
    @FunctionalInterface
    public interface Body {
        void run(Study study);
    }

    /** Runs a study and ends the JVM with its exit code. */
    public static void main(String name, String question, String[] args, Body body) {
        System.exit(exitCode(name, question, args, body));
    }

    /** Runs a study; mistakes are told on standard error. */
    static int exitCode(String name, String question, String[] args, Body body) {
        SpecOptions options = new SpecOptions("experiments/run " + name, question, SweepSpec.class)
            .option("--spec", "FILE", "the same options as a YAML file; those given here win")
            .option("--out", "DIR", "where results go; out/" + name + "-DATE-TIME by default")
            .option("--resume", null, "go on with the sweep in --out")
            .option("--dry-run", null, "print what it would cost, train nothing")
            .option("--help", null, "this text");
        return ExitCode.of(() -> {
            SpecOptions.Given given = options.parse(args);
            if (given.has("--help")) {
                System.out.print(options.usage());
            } else {
                body.run(new Study(name, given, ("experiments/run " + name + " " + String.join(" ", args)).strip()));
            }
        });
    }

    /** The sweep's spec: the preset that the budget names, changed by the YAML file, changed by the options. */
    public SweepSpec spec() {
        return spec;
    }

    public boolean dryRun() {
        return given.has("--dry-run");
    }

    /** Prints what the sweep would cost. */
    public void printPlan(Sweep sweep) {
        System.out.print(PlanTable.text(sweep));
    }

    /** Runs the trials that have no result yet, then draws the report of all there are. */
    public void run(Sweep sweep) {
        sweep.requireMemory();
        boolean resume = given.has("--resume");
        ResultStore store = ResultStore.open(SpecOptions.folder(given, name), sweep.spec(), resume, reader);
        ProgressBars bars = ProgressBars.onConsole();
        bars.say(sweep.trials().size() + " trials of " + String.format(java.util.Locale.ROOT, "%.3g", sweep.spec().flops()) + " training FLOPs on "
            + sweep.text().name() + "; results go to " + store.folder());
        SweepRunner runner = new SweepRunner(sweep, store, bars, command);
        SweepRunner.Outcome outcome;
        try (CtrlC _ = new CtrlC(runner::stop, "Stopped; the same command with --out " + store.folder() + " --resume goes on from here.")) {
            outcome = runner.run();
        }
        if (outcome.stopped()) {
            return;
        }
        if (!outcome.results().isEmpty()) {
            Report report = new Report(title(), outcome.results().stream().map(TrialResult::summary).toList(), reader.toYaml(sweep.spec()), provenance(sweep, outcome));
            List<Path> written = report.write(store.folder());
            System.out.println();
            System.out.print(report.text());
            System.out.println();
            System.out.println("Open " + written.getFirst() + " in a browser for the charts.");
        }
        if (!outcome.failures().isEmpty()) {
            throw new FailedTrials(String.join("\n", outcome.failures()));
        }
    }

    private SweepSpec read() {
        String options = given.yaml();
        String file = given.value("--spec");
        String budget = named(tree(options).path("budget"), file == null ? "quick" : named(tree(Path.of(file)).path("budget"), "quick"));
        SweepSpec start = Preset.named(budget).orElse(Preset.QUICK).spec();
        SweepSpec read = reader.parseOptions(options, file == null ? start : reader.read(Path.of(file), start));
        return read.explicit();
    }

    /** What the budget is written as, if it is there. */
    private static String named(JsonNode budget, String otherwise) {
        return budget.isMissingNode() ? otherwise : budget.asText();
    }

    private static JsonNode tree(Object source) {
        try {
            YAMLMapper yaml = new YAMLMapper();
            return source instanceof Path file ? yaml.readTree(file.toFile()) : yaml.readTree((String) source);
        } catch (IOException unreadable) {
            return YAMLMapper.builder().build().missingNode();   // the spec reader says what is wrong with it
        }
    }

    private String title() {
        return "Expert " + name + " at equal training FLOPs";
    }

    private Map<String, String> provenance(Sweep sweep, SweepRunner.Outcome outcome) {
        TrialResult any = outcome.results().getFirst();
        Environment e = any.environment();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("command", any.command());
        facts.put("seeds", sweep.spec().seeds().toString());
        facts.put("text", sweep.text().name() + ", fingerprint " + sweep.text().fingerprint().substring(0, 16));
        facts.put("commit", e.commit());
        facts.put("JVM", e.java());
        facts.put("system", e.system());
        facts.put("processor", e.processor());
        if (e.device() != null) {
            facts.put("GPU", e.device());
        }
        facts.put("back end", any.backend() + ", " + any.threads() + " thread(s) a trial");
        return facts;
    }
}
