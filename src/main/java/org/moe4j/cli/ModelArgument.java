package org.moe4j.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

import org.moe4j.experts.SpecModule;
import org.moe4j.io.InputException;
import org.moe4j.io.SpecReader;
import org.moe4j.model.ModelSpec;
import org.moe4j.model.zoo.Architecture;

/**
 * A model as the command line names it: an architecture by name, or a YAML file, either of a whole spec ({@code type: transformer, ...}) or of what
 * is different from an architecture ({@code preset: mixtral-8x7b}, ...).
 *
 * @param architecture empty for a file
 */
record ModelArgument(String name, ModelSpec spec, Optional<Architecture> architecture) {
    /** @throws InputException if there is neither an architecture nor a file of that name, or for a mistake in the file */
    static ModelArgument of(String given) {
        if (given.endsWith(".yaml") || given.endsWith(".yml") || given.contains("/") || Files.isRegularFile(Path.of(given))) {
            return new ModelArgument(given, reader().read(Path.of(given), ModelSpec.class, name -> Architecture.named(name).spec()), Optional.empty());
        }
        Architecture named = Architecture.named(given);
        return new ModelArgument(given, named.spec(), Optional.of(named));
    }

    /** The whole spec, as a file would have it. */
    String yaml() {
        return reader().toYaml((Record) spec);
    }

    private static SpecReader reader() {
        return new SpecReader(new SpecModule(ModelSpec.CATALOG));
    }
}
