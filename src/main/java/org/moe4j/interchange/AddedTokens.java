package org.moe4j.interchange;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Tokens that are found in a text before it is cut into pieces: the leftmost, of those the longest. */
final class AddedTokens {
    private final Map<String, Integer> numbers = new HashMap<>();
    private final Pattern any;                                                    // null for none

    /** @param numbers by the text that stands for the token */
    AddedTokens(Map<String, Integer> numbers) {
        this.numbers.putAll(numbers);
        List<String> longestFirst = numbers.keySet().stream().sorted(Comparator.comparingInt(String::length).reversed()).toList();
        any = numbers.isEmpty() ? null : Pattern.compile(longestFirst.stream().map(Pattern::quote).collect(Collectors.joining("|")));
    }

    /** Tells of the tokens and of the texts between them, in their order. */
    void split(String text, IntConsumer token, Consumer<String> between) {
        int end = 0;
        if (any != null) {
            for (Matcher match = any.matcher(text); match.find(); end = match.end()) {
                between.accept(text.substring(end, match.start()));
                token.accept(numbers.get(match.group()));
            }
        }
        between.accept(text.substring(end));
    }
}
