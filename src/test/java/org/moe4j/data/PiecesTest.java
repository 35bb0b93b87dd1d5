package org.moe4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PiecesTest {
    @Test
    void wordsTakeOneSpaceOrMarkBeforeThem() {
        assertThat(cut("a dog  barks")).containsExactly("a", " dog", " ", " barks");
        assertThat(cut("x.foo(bar)")).containsExactly("x", ".foo", "(bar", ")");
        assertThat(cut("f().g")).containsExactly("f", "().", "g");
        assertThat(cut("a += 1; ")).containsExactly("a", " +=", " 1", ";", " ");
    }

    @Test
    void aCapitalAfterASmallLetterStartsAWord() {
        assertThat(cut("getElementById HTTPServer MAX_VALUE")).containsExactly("get", "Element", "By", "Id", " HTTPServer", " MAX", "_VALUE");
    }

    @Test
    void numbersComeInThrees() {
        assertThat(cut("1234567")).containsExactly("123", "456", "7");
    }

    @Test
    void indentationIsAPieceOfItsOwn() {
        assertThat(cut("{\n\n        return\t\tx")).containsExactly("{", "\n\n       ", " return", "\t\t", "x");
        assertThat(cut("a\nb")).containsExactly("a", "\n", "b");
        assertThat(cut("a \n")).containsExactly("a", " \n");
    }

    @Test
    void lettersOfAllScriptsAreLetters() {
        assertThat(cut("Grüße Ärger cafe\u0301 世界!")).containsExactly("Grüße", " Ärger", " cafe\u0301", " 世界", "!");
    }

    @Test
    void theEndOfADocumentStandsAlone() {
        assertThat(cut("a \0b\0\0 c")).containsExactly("a", " ", "\0", "b", "\0", "\0", " c");
    }

    @Test
    void piecesHaveALimit() {
        assertThat(cut("=".repeat(150))).extracting(String::length).containsExactly(64, 64, 22);
        assertThat(cut("é".repeat(100))).extracting(String::length).containsExactly(32, 32, 32, 4);
        assertThat(cut(" ".repeat(130))).extracting(String::length).containsExactly(63, 63, 4);
    }

    private static List<String> cut(String text) {
        byte[] bytes = Utf8.encode(text);
        List<String> pieces = new ArrayList<>();
        for (int from = 0, to; from < bytes.length; from = to) {
            to = Pieces.end(bytes, from);
            pieces.add(Utf8.decode(Arrays.copyOfRange(bytes, from, to)));
        }
        return pieces;
    }
}
