package program

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Page is the code that a program of Windows writes in when it writes neither
// UTF-8 nor UTF-16.
type Page string

// The codes of a French Windows, 128 characters each for the bytes from 0x80:
// what programs write on a console, and what they write in files. Sources:
// code pages 850 and 1252 as published by Microsoft.
const (
	OEM Page = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ" +
		"áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐" +
		"└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀" +
		"ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00ad±‗¾¶§÷¸°¨·¹³²■\u00a0"
	ANSI Page = "€\ufffd‚ƒ„…†‡ˆ‰Š‹Œ\ufffdŽ\ufffd\ufffd‘’“”•–—˜™š›œ\ufffdžŸ" +
		"\u00a0¡¢£¤¥¦§¨©ª«¬\u00ad®¯°±²³´µ¶·¸¹º»¼½¾¿" +
		"ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß" +
		"àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"
)

// Text reads what a program said: UTF-16 with or without a mark of its order,
// UTF-8 with or without a mark, or else the page. Zero bytes and carriage
// returns are left out. It never fails; what is no character becomes U+FFFD.
func Text(data []byte, page Page) string {
	text := decode(data, page)
	return strings.Map(func(r rune) rune {
		if r == 0 || r == '\r' || r == '\ufeff' {
			return -1
		}
		return r
	}, text)
}

func decode(data []byte, page Page) string {
	switch {
	case strings.HasPrefix(string(data), "\xff\xfe"):
		return wide(data[2:], binary.LittleEndian)
	case strings.HasPrefix(string(data), "\xfe\xff"):
		return wide(data[2:], binary.BigEndian)
	case looksWide(data):
		return wide(data, binary.LittleEndian)
	case utf8.Valid(data):
		return string(data)
	}
	table := []rune(string(page))
	var out strings.Builder
	for _, b := range data {
		switch {
		case b < 0x80:
			out.WriteByte(b)
		case int(b)-0x80 < len(table):
			out.WriteRune(table[b-0x80])
		default:
			out.WriteRune(utf8.RuneError)
		}
	}
	return out.String()
}

// looksWide reports whether data is UTF-16 without a mark, little end first:
// in European text every second byte is zero, and in no other code any is.
func looksWide(data []byte) bool {
	if len(data) < 2 {
		return false
	}
	zeros := 0
	for i := 1; i < len(data); i += 2 {
		if data[i] == 0 {
			zeros++
		}
	}
	return zeros*4 >= len(data) // at least half of the pairs
}

// wide reads UTF-16; half a character at the end is left out.
func wide(data []byte, order binary.ByteOrder) string {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}
