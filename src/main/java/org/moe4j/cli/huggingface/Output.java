package org.moe4j.cli.huggingface;

import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.moe4j.interchange.HuggingFaceExport;
import org.moe4j.io.DType;
import org.moe4j.io.InputException;
import picocli.CommandLine.Option;

/** Where and how a checkpoint is written. */
final class Output {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})\\s*(KB|MB|GB)");

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "the folder to write, which must not exist or be empty")
    private Path folder;

    @Option(names = "--dtype", paramLabel = "TYPE", description = "f32 (default), bf16 or f16: what weights are rounded to")
    private String dtype = "f32";

    @Option(names = "--shard-size", paramLabel = "SIZE", description = "the most that a file of weights takes, such as 500MB; 5GB by default")
    private String shardSize = "5GB";

    Path folder() {
        return folder;
    }

    /** Checks all that can be checked before there is a model. */
    HuggingFaceExport export() {
        Matcher size = SIZE.matcher(shardSize.toUpperCase(Locale.ROOT));
        if (!size.matches()) {
            throw new InputException("--shard-size is '" + shardSize + "', want a whole number of KB, MB or GB, such as 5GB");
        }
        long unit = switch (size.group(2)) {
            case "KB" -> 1_000L;
            case "MB" -> 1_000_000L;
            default -> 1_000_000_000L;
        };
        HuggingFaceExport export = new HuggingFaceExport(DType.named(dtype.toUpperCase(Locale.ROOT)), Long.parseLong(size.group(1)) * unit);
        HuggingFaceExport.requireFree(folder);
        return export;
    }
}
