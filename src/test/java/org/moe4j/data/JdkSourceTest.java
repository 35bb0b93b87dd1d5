package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.moe4j.io.InputException;

class JdkSourceTest {
    @TempDir
    private Path folder;

    @Test
    void theRunningJdksSourceIsACorpus() {
        Path archive = Path.of(System.getProperty("java.home"), "lib", "src.zip");
        assumeTrue(Files.isReadable(archive), "SKIPPED: the running JDK has no " + archive + ", so the default text is not tested");
        TokenSet set = TokenSet.open(DataSpec.DEFAULT, new TokenizerCache(folder));
        assertThat(set.domains()).containsExactlyElementsOf(JdkSource.MODULES);
        assertThat(set.tokenizer().vocabularySize()).isEqualTo(4096);
        assertThat(set.trainTokens()).isGreaterThan(3_000_000);
        assertThat(set.validTokens()).isBetween(200_000L, set.trainTokens() / 5);
        Validation validation = Validation.of(set, 65_536, 16, 128);
        assertThat(validation.bytes() / (double) validation.tokens()).as("bytes a token").isBetween(3.0, 5.0);
        assertThat(validation.batches().stream().flatMap(b -> Arrays.stream(b.domains()).boxed()).distinct())
                .as("every domain is measured").hasSize(JdkSource.MODULES.size());
        Corpus again = DataSpec.DEFAULT.corpus();
        assertThat(again.fingerprint()).as("the same on every reading").isEqualTo(set.fingerprint());
        assertThat(Stream.concat(again.train().stream(), again.valid().stream()))
                .noneMatch(d -> d.text().startsWith("/*\n * Copyright"));
    }

    @Test
    void aJdkWithoutSourceIsNamed() {
        assertThatThrownBy(() -> JdkSource.ofJdk(folder, 1000)).isInstanceOf(InputException.class)
                .hasMessageContaining("the JDK at " + folder + " does not have").hasMessageContaining("--text FILE");
    }

    @Test
    void aBrokenArchiveIsNamed() throws IOException {
        Path broken = Files.writeString(folder.resolve("src.zip"), "not an archive");
        assertThatThrownBy(() -> new JdkSource(broken, List.of("java.base"), 1000).documents())
                .isInstanceOf(InputException.class).hasMessageStartingWith("cannot read " + broken);
    }

    @Test
    void aMissingModuleIsNamed() {
        Path archive = Path.of(System.getProperty("java.home"), "lib", "src.zip");
        assumeTrue(Files.isReadable(archive), "SKIPPED: the running JDK has no " + archive);
        assertThatThrownBy(() -> new JdkSource(archive, List.of("java.bass"), 1000).documents())
                .isInstanceOf(InputException.class).hasMessage(archive + " has no source of the module java.bass");
    }

    @Test
    void licencesAreCutOff() {
        assertThat(JdkSource.withoutLicence("/*\n * Copyright (c) 1997\n */\n\npackage a;\n")).isEqualTo("package a;\n");
        assertThat(JdkSource.withoutLicence("/*\n * reserved comment block\n * DO NOT REMOVE OR ALTER!\n */\n/* Licensed to x */\nclass A {}"))
                .isEqualTo("class A {}\n");
        assertThat(JdkSource.withoutLicence("/** What this is. */\nclass A {}")).isEqualTo("/** What this is. */\nclass A {}\n");
        assertThat(JdkSource.withoutLicence("class A {} /* Copyright */")).isEqualTo("class A {} /* Copyright */\n");
        assertThat(JdkSource.withoutLicence("/* Copyright without an end")).isEqualTo("/* Copyright without an end\n");
        assertThat(JdkSource.withoutLicence("/* Copyright */")).isEmpty();
    }
}
