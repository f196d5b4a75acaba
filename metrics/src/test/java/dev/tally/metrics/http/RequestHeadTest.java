package dev.tally.metrics.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of RFC 9110 and 9112 for the head of a request, each with what breaks it. */
class RequestHeadTest {

  private static final HeadLimits LIMITS = new HeadLimits(200, 4);

  /** {@code 200} if the whole text is one head, {@code 100} if more must come. */
  private static String status(String text) {
    RequestHead head = new RequestHead(LIMITS);
    byte[] bytes = text.getBytes(ISO_8859_1);
    for (int i = 0; i < bytes.length; i++) {
      if (head.accept(bytes[i])) {
        if (head.fault().isPresent()) {
          assertThat(head.fault().get().sentence()).endsWith(".");
          return head.fault().get().status().substring(0, 3);
        }
        assertThat(i).as("the last byte").isEqualTo(bytes.length - 1);
        return "200";
      }
    }
    return "100";
  }

  private static String plain(String text) {
    return text.replace("~", "\r\n")
        .replace("{nul}", "\0")
        .replace("{lf}", "\n")
        .replace("{cr}", "\r")
        .replace("{tab}", "\t")
        .replace("{del}", "\u007f")
        .replace("{high}", "\u00e9");
  }

  /** A tilde is CRLF. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a plain request|GET / HTTP/1.1~Host: a~~|200",
        "HTTP/1.0 without Host|GET / HTTP/1.0~~|200",
        "an empty line before it|~GET / HTTP/1.1~Host: a~~|200",
        "two empty lines before it|~~GET / HTTP/1.1~Host: a~~|400",
        "a line feed before it|{lf}GET / HTTP/1.1~Host: a~~|400",
        "an unknown method|BREW / HTTP/1.1~Host: a~~|200",
        "a method with a slash|GE/T / HTTP/1.1~Host: a~~|400",
        "a method with a zero byte|G{nul}T / HTTP/1.1~Host: a~~|400",
        "no method|' / HTTP/1.1~Host: a~~'|400",
        "one word|GARBAGE~~|400",
        "two words, as HTTP/0.9 had|GET /~~|400",
        "two spaces before the target|GET  / HTTP/1.1~Host: a~~|400",
        "two spaces before the version|GET /  HTTP/1.1~Host: a~~|400",
        "a tab before the target|GET{tab}/ HTTP/1.1~Host: a~~|400",
        "a space behind the version|GET / HTTP/1.1 ~Host: a~~|400",
        "a line feed alone behind the version|GET / HTTP/1.1{lf}Host: a~~|400",
        "a carriage return alone behind the version|GET / HTTP/1.1{cr}Host: a~~|400",
        "a target without a slash|GET x HTTP/1.1~Host: a~~|400",
        "a target with a fragment|GET /#a HTTP/1.1~Host: a~~|400",
        "a target with a zero byte|GET /{nul} HTTP/1.1~Host: a~~|400",
        "a target that is not ASCII|GET /{high} HTTP/1.1~Host: a~~|400",
        "a target with odd characters|GET /?{}^\"<>%zz\\&&=&b HTTP/1.1~Host: a~~|200",
        "a target with a query alone|GET ?a HTTP/1.1~Host: a~~|400",
        "an asterisk|OPTIONS * HTTP/1.1~Host: a~~|200",
        "a URL of ws|GET ws://a:8000/ws/chat/ HTTP/1.1~Host: a:8000~~|200",
        "a URL of HTTPS|GET HTTPS://[::1]:443/?a HTTP/1.1~Host: b~~|200",
        "a URL without a path|GET http://a HTTP/1.1~Host: a~~|200",
        "a URL without a host|GET http:/// HTTP/1.1~Host: a~~|400",
        "a URL with one slash|GET http:/a HTTP/1.1~Host: a~~|400",
        "a URL with a user|GET http://u@a/ HTTP/1.1~Host: a~~|400",
        "a URL of another scheme|GET ftp://a/ HTTP/1.1~Host: a~~|400",
        "the authority alone|CONNECT a:80 HTTP/1.1~Host: a~~|400",
        "the version in lower case|GET / http/1.1~Host: a~~|400",
        "no version number|GET / HTTP/~Host: a~~|400",
        "a version of two digits|GET / HTTP/1.10~Host: a~~|400",
        "HTTP/1.2|GET / HTTP/1.2~Host: a~~|505",
        "HTTP/2|PRI * HTTP/2.0~~|505",
        "HTTP/0.9|GET / HTTP/0.9~Host: a~~|505",
        "no Host|GET / HTTP/1.1~X: a~~|400",
        "an empty Host|GET / HTTP/1.1~Host:~~|200",
        "two Host lines|GET / HTTP/1.1~Host: a~hOST: a~~|400",
        "two Host lines in HTTP/1.0|GET / HTTP/1.0~Host: a~Host: a~~|400",
        "two hosts in a line|GET / HTTP/1.1~Host: a b~~|400",
        "two hosts with a comma|GET / HTTP/1.1~Host: a,b~~|400",
        "a Host with a path|GET / HTTP/1.1~Host: a/b~~|400",
        "a Host with a user|GET / HTTP/1.1~Host: u@b~~|400",
        "a Host with spaces around it|GET / HTTP/1.1~Host:{tab} a {tab}~~|200",
        "a Host of IPv6|GET / HTTP/1.1~Host: [::1]:80~~|200",
        "a space before the colon|GET / HTTP/1.1~Host: a~X : b~~|400",
        "a space before the colon of a length|GET / HTTP/1.1~Host: a~Content-Length : 30~~|400",
        "a space in a name|GET / HTTP/1.1~Host: a~X Y: b~~|400",
        "a name with a zero byte|GET / HTTP/1.1~Host: a~X{nul}: b~~|400",
        "a name that is not ASCII|GET / HTTP/1.1~Host: a~{high}: b~~|400",
        "no name|GET / HTTP/1.1~Host: a~: b~~|400",
        "no colon|GET / HTTP/1.1~Host: a~X~~|400",
        "a folded line|GET / HTTP/1.1~Host: a~X: b~ c~~|400",
        "a line folded by a tab|GET / HTTP/1.1~Host: a~X: b~{tab}c~~|400",
        "a first line that begins with a space|GET / HTTP/1.1~ X: b~Host: a~~|400",
        "a value with a zero byte|GET / HTTP/1.1~Host: a~X: b{nul}~~|400",
        "a value with DEL|GET / HTTP/1.1~Host: a~X: b{del}~~|400",
        "a value with a line feed alone|GET / HTTP/1.1~Host: a~X: b{lf}Y: c~~|400",
        "a value with a carriage return alone|GET / HTTP/1.1~Host: a~X: b{cr}Y: c~~|400",
        "a value with a tab|GET / HTTP/1.1~Host: a~X: b{tab}c~~|200",
        "a value that is not ASCII|GET / HTTP/1.1~Host: a~X: {high}~~|200",
        "an empty value|GET / HTTP/1.1~Host: a~X:~~|200",
        "an end without carriage returns|GET / HTTP/1.1~Host: a~{lf}|400",
        "a carriage return before the end|GET / HTTP/1.1~Host: a~{cr}{cr}{lf}|400",
        "a length of 0|GET / HTTP/1.1~Host: a~Content-Length: 00~~|200",
        "a length of 1|POST / HTTP/1.1~Host: a~content-length: 1~~|400",
        "a length without digits|GET / HTTP/1.1~Host: a~Content-Length: a~~|400",
        "an empty length|GET / HTTP/1.1~Host: a~Content-Length: ~~|400",
        "a negative length|GET / HTTP/1.1~Host: a~Content-Length: -0~~|400",
        "a length with a plus|GET / HTTP/1.1~Host: a~Content-Length: +0~~|400",
        "a hexadecimal length|GET / HTTP/1.1~Host: a~Content-Length: 0x0~~|400",
        "two lengths in a line|GET / HTTP/1.1~Host: a~Content-Length: 0, 0~~|400",
        "two numbers in a line|GET / HTTP/1.1~Host: a~Content-Length: 0 0~~|400",
        "two lengths|GET / HTTP/1.1~Host: a~Content-Length: 0~Content-Length: 0~~|400",
        "chunks|POST / HTTP/1.1~Host: a~Transfer-Encoding: chunked~~|400",
        "chunks and a length|GET / HTTP/1.1~Content-Length: 0~Transfer-Encoding: chunked~~|400",
        "another coding|GET / HTTP/1.1~Host: a~Transfer-Encoding: gzip~~|400",
        "chunks in HTTP/1.0|GET / HTTP/1.0~Host: a~Transfer-Encoding: chunked~~|400",
        "names that begin as known ones|GET / HTTP/1.1~Host: a~Hos: b~Hosts: b~~|200",
        "five headers|GET / HTTP/1.1~Host: a~A: b~A: b~A: b~A: b~~|431",
        "no end|GET / HTTP/1.1~Host: a~X: b|100",
      })
  void readsAHeadInOneWay(String what, String text, String status) {
    assertThat(status(plain(text))).as(what).isEqualTo(status);
  }

  @Test
  void boundsTheSize() {
    String head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    assertThat(status(head + "x".repeat(196 - head.length()) + "\r\n\r\n")).isEqualTo("200");
    assertThat(status(head + "x".repeat(200 - head.length()))).isEqualTo("100");
    assertThat(status(head + "x".repeat(201 - head.length()))).isEqualTo("431");
    assertThat(status("GET /" + "x".repeat(200))).isEqualTo("414");
    assertThat(status("X".repeat(201))).isEqualTo("414");
  }

  @Test
  void readsTheNextOneAfterARestart() {
    RequestHead head = new RequestHead(LIMITS);
    for (String request :
        new String[] {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"}) {
      byte[] bytes = request.getBytes(ISO_8859_1);
      for (int i = 0; i < bytes.length; i++) {
        assertThat(head.accept(bytes[i])).isEqualTo(i == bytes.length - 1);
      }
      assertThat(head.fault()).isEmpty();
      assertThat(head.isHead()).isEqualTo(request.startsWith("HEAD"));
      head.restart();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/a?b=c://d, /a?b=c://d",
    "*, *",
    "ws://a:1/b?c, /b?c",
    "http://a?b=/c, /?b=/c",
    "https://a, /",
  })
  void findsPathAndQuery(String target, String originForm) {
    assertThat(RequestHead.originForm(target)).isEqualTo(originForm);
  }
}
