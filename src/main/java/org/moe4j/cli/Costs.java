package org.moe4j.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import org.moe4j.cost.Chip;
import org.moe4j.cost.Energy;
import org.moe4j.cost.Ledger;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.Part;
import org.moe4j.model.zoo.Architecture;
import org.moe4j.report.Figures;
import org.moe4j.report.TextTable;
import org.moe4j.train.OptimizerSpec;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The ledger of an architecture, or of all of them against what their authors print. */
@Command(name = "experiments/run cost", sortOptions = false,
    description = "Parameters, FLOPs, bytes and energy of a model, part by part, and its authors' counts against these. Nothing is allocated.")
public final class Costs implements Callable<Integer> {
    /** Nobody's figure for a model at hand. */
    private static final double ASSUMED_UTILISATION = 0.4;

    @Parameters(paramLabel = "NAME|spec.yaml", arity = "0..1", description = "an architecture by name, or a file with the spec of a model (type: transformer, ...)")
    private String model;

    @Option(names = "--list", description = "the names of the architectures, with their papers")
    private boolean list;

    @Option(names = "--all", description = "every count that is published, against the calculated one")
    private boolean all;

    @Option(names = "--yaml", description = "print the model's spec as YAML instead, to start a spec.yaml of one's own from")
    private boolean yaml;

    @Option(names = "--sequence", paramLabel = "T", description = "tokens of the sequence that FLOPs are averaged over; the longest it is trained on by default")
    private Integer sequence;

    @Option(names = "--precision", paramLabel = "TYPE", description = "of the weights: f32 (default), bf16 or f16; optimizer state is float32; bfloat16 tables and their state are that")
    private String precision = "f32";

    @Option(names = "--optimizer", paramLabel = "NAME", description = "adam (default), adamw, sgd, adagrad, rmsprop or adafactor")
    private String optimizer = "adam";

    @Option(names = "--tokens", paramLabel = "N", description = "training tokens, such as 280e9, for the FLOPs of the whole run")
    private Double tokens;

    @Option(names = "--chip", paramLabel = "NAME", description = "the chip it is trained on, for the energy: k40, p100, v100, tpu-v3, ascend-910, a100, tpu-v4, h100, h200")
    private String chip;

    @Option(names = "--utilisation", paramLabel = "U", description = "share of the chip's peak that training reaches; 0.4 by default, an assumption")
    private Double utilisation;

    @Option(names = "--pue", paramLabel = "P", description = "what the data centre takes over what its machines do; 1.11 by default, GLaM's")
    private Double pue;

    @Option(names = "--chips", paramLabel = "N", description = "with --hours: the energy of so many chips over so many hours, whatever they reached")
    private Integer chips;

    @Option(names = "--hours", paramLabel = "H", description = "with --chips, such as --chip tpu-v4 --chips 1024 --hours 574")
    private Double hours;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "this text")
    private boolean help;

    private record Choice(OptimizerSpec optimizer) {}

    @Override
    public Integer call() {
        long asked = Stream.of(model != null, list, all).filter(Boolean::booleanValue).count();
        if (asked != 1) {
            throw new InputException("give " + (asked == 0 ? "" : "only ") + "one of an architecture's name, a spec.yaml, --list and --all: experiments/run cost mixtral-8x7b");
        }
        System.out.print(list ? names() : all ? published() : yaml ? ModelArgument.of(model).yaml() : ledger(ModelArgument.of(model)));
        return 0;
    }

    /** Runs the command and gives its exit code. */
    public static int run(String... args) {
        return PlainCommand.run(new Costs(), CommandLine.MissingParameterException::getMessage, args);
    }

    private static String published() {
        Energy glam = Energy.of(1024, Chip.named("tpu-v4").watts(), Energy.GLAM_PUE, 574);
        return PublishedTable.of(Architecture.all()) + PublishedTable.summary(Architecture.all())
            + said("GLaM's energy for 280 B tokens: 1024 chips x 326 W x PUE 1.11 x 574 hours = %.1f MWh, published 213 MWh%n", glam.megawattHours());
    }

    private static String names() {
        TextTable table = new TextTable("name", "total", "active", "paper").wordsLast();
        for (Architecture architecture : Architecture.all()) {
            Ledger ledger = Ledger.of(architecture.spec());
            table.row(architecture.name(), billions(ledger.parameters()), billions(ledger.activeParameters()), architecture.paper());
        }
        return table.toString();
    }

    private String ledger(ModelArgument argument) {
        ModelSpec spec = argument.spec();
        Ledger ledger = sequence == null ? Ledger.of(spec) : Ledger.of(spec, sequence);
        Energy energy = energy(ledger);
        LedgerTable table = new LedgerTable(ledger, weights(), DType.F32, ledger.optimizerBytes(optimizer()::stateBytes), energy);
        StringBuilder text = new StringBuilder();
        text.append(said("%s%s%n", argument.name(), argument.architecture().map(a -> ": " + a.paper()).orElse("")));
        text.append(said("%s of width %,d, %,d tokens in the vocabulary; FLOPs of a token as the mean over a sequence of %,d.%n%n",
            ModelSpec.CATALOG.nameOf(spec), spec.dim(), spec.vocabulary(), ledger.sequence()));
        text.append(table.text()).append(said("%n"));
        Ledger output = ledger.without(Set.of(Part.Kind.INPUT_EMBEDDING));
        Ledger without = ledger.without(Part.Kind.EMBEDDINGS);
        text.append(said("parameters  %,d with all embeddings, %,d with the output's alone, %,d without%n", ledger.parameters(), output.parameters(), without.parameters()));
        text.append(said("active      %,d (%.1f %%) with all embeddings, %,d with the output's alone, %,d without%n", ledger.activeParameters(),
            100.0 * ledger.activeParameters() / ledger.parameters(), output.activeParameters(), without.activeParameters()));
        text.append(said("FLOPs       %s a token forward, %s training, %.2f %% of them in routers%s%n", Figures.count(ledger.forwardFlopsPerToken()),
            Figures.count(ledger.trainingFlopsPerToken()), 100 * ledger.only(Set.of(Part.Kind.ROUTER)).forwardFlopsPerToken() / ledger.forwardFlopsPerToken(),
            tokens == null ? "" : "; " + Figures.power(tokens * ledger.trainingFlopsPerToken()) + " for " + billions(tokens) + " tokens"));
        text.append(said("memory      %s of weights (%s), %s of optimizer state (%s)%n", LedgerTable.bytes(ledger.weightBytes(weights().bytes())),
            ledger.halfParameters() == 0 || weights() == DType.BF16 ? precision : precision + ", tables bf16", LedgerTable.bytes(table.optimizerBytes()), optimizer));
        if (energy != null) {
            double all = energy.megawattHours();
            text.append(said("energy      %s in %s%n            %s: %s%n", all >= 1 ? said("%,.1f MWh", all) : LedgerTable.energy(all), circumstances(energy), chip,
                Chip.named(chip).source()));
        }
        argument.architecture().ifPresent(architecture -> text.append(said("%n"))
            .append(architecture.published().isEmpty() ? said("Published counts: none.%n") : PublishedTable.of(List.of(architecture)))
            .append(architecture.note().isEmpty() ? "" : said("note: %s%n", architecture.note())));
        return text.toString();
    }

    private String circumstances(Energy energy) {
        Chip on = Chip.named(chip);
        String around = said("%.0f W, %s%.2f", on.watts(), pue == null ? "GLaM's PUE of " : "PUE ", pue());
        return chips != null ? said("%s hours of %,d x %s, %s", Figures.count(hours), chips, on.name(), around)
            : said("%s hours of a %s at %s%.0f %% of its peak of %s FLOP/s, %s", Figures.count(energy.chipHours()), on.name(), utilisation == null ? "an assumed " : "",
                100 * utilisation(), Figures.count(on.peakFlops()), around);
    }

    /** Of the whole run; null where it is not asked for. */
    private Energy energy(Ledger ledger) {
        if (tokens != null && !(tokens > 0 && tokens < 1e18)) {
            throw new InputException("--tokens is " + tokens + ", want a number above 0 such as 280e9");
        }
        if ((chips == null) != (hours == null)) {
            throw new InputException("--chips and --hours want each other: so many chips over so many hours");
        }
        if (chips != null && (chips < 1 || !(hours > 0 && hours < 1e9))) {
            throw new InputException("--chips is " + chips + " and --hours is " + hours + ", both have to be above 0");
        }
        if (chip == null) {
            if (chips != null) {
                throw new InputException("--chips and --hours want --chip beside them: what each of them draws");
            }
            return null;
        }
        Chip on = Chip.named(chip);
        if (chips != null) {
            return Energy.of(chips, on.watts(), pue(), hours);
        }
        if (tokens == null) {
            throw new InputException("--chip wants --tokens beside it, or --chips and --hours: energy is that of training on so many tokens, or of so many hours");
        }
        return Energy.of(tokens * ledger.trainingFlopsPerToken(), on, utilisation(), pue());
    }

    private double utilisation() {
        return utilisation == null ? ASSUMED_UTILISATION : utilisation;
    }

    private double pue() {
        return pue == null ? Energy.GLAM_PUE : pue;
    }

    private DType weights() {
        return switch (precision) {
            case "f32" -> DType.F32;
            case "bf16" -> DType.BF16;
            case "f16" -> DType.F16;
            default -> throw InputException.unknown("precision", precision, List.of("f32", "bf16", "f16"));
        };
    }

    private OptimizerSpec optimizer() {
        List<String> names = Arrays.stream(OptimizerSpec.class.getAnnotation(JsonSubTypes.class).value()).map(JsonSubTypes.Type::name).toList();
        if (!names.contains(optimizer)) {
            throw InputException.unknown("optimizer", optimizer, names);
        }
        return new SpecReader().parse("optimizer: {type: " + optimizer + "}", Choice.class).optimizer();
    }

    private static String billions(double value) {
        return Figures.count(value).replace(" G", " B");
    }

    private static String said(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
