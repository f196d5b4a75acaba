package dev.tally.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** One table: what was measured of each server, once in each round. */
final class Samples {

  private final Map<String, Map<String, List<Double>>> rows = new LinkedHashMap<>();

  void add(String row, String column, double value) {
    rows.computeIfAbsent(row, key -> new LinkedHashMap<>())
        .computeIfAbsent(column, key -> new ArrayList<>())
        .add(value);
  }

  List<String> names() {
    return List.copyOf(rows.keySet());
  }

  List<String> columns() {
    return rows.values().stream().flatMap(row -> row.keySet().stream()).distinct().toList();
  }

  boolean has(String row, String column) {
    return rows.getOrDefault(row, Map.of()).containsKey(column);
  }

  double median(String row, String column) {
    return median(values(row, column));
  }

  /** The median over the rounds of one server's figure by another's of the same round. */
  double ratio(String row, String base, String column) {
    List<Double> over = values(row, column);
    List<Double> under = values(base, column);
    int rounds = Math.min(over.size(), under.size());
    return median(IntStream.range(0, rounds).mapToObj(i -> over.get(i) / under.get(i)).toList());
  }

  private List<Double> values(String row, String column) {
    List<Double> values = rows.getOrDefault(row, Map.of()).get(column);
    if (values == null) {
      throw new IllegalArgumentException("there is no " + column + " of " + row);
    }
    return values;
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(middle)
        : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /** A Markdown table: for each column the median, and if there is a base the ratio to it. */
  String table(String corner, String format, String base) {
    StringBuilder out = new StringBuilder("| ").append(corner).append(" |");
    StringBuilder rule = new StringBuilder("|---|");
    for (String column : columns()) {
      out.append(' ').append(column).append(" |");
      rule.append("---:|");
      if (!base.isEmpty()) {
        out.append(" × ").append(base).append(" |");
        rule.append("---:|");
      }
    }
    out.append('\n').append(rule).append('\n');
    for (String row : rows.keySet()) {
      out.append("| ").append(row).append(" |");
      for (String column : columns()) {
        out.append(has(row, column) ? cell(format, median(row, column)) : " |");
        if (!base.isEmpty()) {
          boolean both = has(row, column) && has(base, column);
          out.append(both ? cell("%.2f", ratio(row, base, column)) : " |");
        }
      }
      out.append('\n');
    }
    return out.toString();
  }

  private static String cell(String format, double value) {
    return " " + String.format(Locale.ROOT, format, value) + " |";
  }
}
