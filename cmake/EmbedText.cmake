# cmake -DINPUT=file -DOUTPUT=file.cc -DHEADER=path -DSYMBOL=name -P EmbedText.cmake: the text of
# INPUT as the string_view SYMBOL, which HEADER declares.
file(READ "${INPUT}" text)
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"\n\n"
  "const std::string_view ${SYMBOL} = R\"mreg(${text})mreg\";\n")
